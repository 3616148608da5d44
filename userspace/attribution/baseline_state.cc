#include "userspace/attribution/baseline_state.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "userspace/base/protobuf_reader.h"

namespace brahe::attribution {
namespace {

enum StateField : uint32_t { kZone = 1 };
enum ZoneField : uint32_t { kName = 1, kQuiet = 2, kAwake = 3 };

void WritePowers(uint32_t field, const PowerMemory& memory, ProtobufWriter& writer) {
  for (const Microwatts power : memory.InOrder()) writer.Uint(field, power.value);
}

struct NamedBaseline {
  std::string_view zone;
  ZoneBaseline baseline;
};

Result<NamedBaseline> ReadZone(std::string_view message) {
  NamedBaseline zone;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() == kName) zone.zone = reader.bytes();
    if (reader.field() == kQuiet) zone.baseline.quiet.Add({reader.uint()});
    if (reader.field() == kAwake) zone.baseline.awake.Add({reader.uint()});
  }
  if (!reader.ok()) return MakeError("a zone's baseline is not well formed");
  return zone;
}

}  // namespace

void WriteBaseline(const std::vector<ZoneBaseline>& learnt, const std::vector<std::string>& zones,
                   ProtobufWriter& writer) {
  for (size_t z = 0; z < std::min(learnt.size(), zones.size()); ++z) {
    writer.Message(kZone, [&](ProtobufWriter& zone) {
      zone.Bytes(kName, zones[z]);
      WritePowers(kQuiet, learnt[z].quiet, zone);
      WritePowers(kAwake, learnt[z].awake, zone);
    });
  }
}

Result<std::vector<ZoneBaseline>> ReadBaseline(std::string_view message, const std::vector<std::string>& zones) {
  std::vector<ZoneBaseline> learnt(zones.size());
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() != kZone) continue;
    auto zone = ReadZone(reader.bytes());
    if (!zone) return zone.error();
    const auto place = std::find(zones.begin(), zones.end(), zone->zone);
    if (place != zones.end()) learnt[static_cast<size_t>(place - zones.begin())] = std::move(zone->baseline);
  }
  if (!reader.ok()) return MakeError("the baseline is not well formed");
  return learnt;
}

}  // namespace brahe::attribution
