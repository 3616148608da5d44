#include "userspace/attribution/baseline_state.h"
#include "userspace/base/fuzz_input.h"

namespace brahe::attribution {
namespace {

std::string Written(const std::vector<ZoneBaseline>& learnt, const std::vector<std::string>& zones) {
  std::string message;
  ProtobufWriter writer(message);
  WriteBaseline(learnt, zones, writer);
  return message;
}

}  // namespace
}  // namespace brahe::attribution

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brahe::attribution;
  const std::vector<std::string> zones = {"a", "b", "c", "d"};
  const auto read = ReadBaseline(brahe::TextOf(data, size), zones);
  if (!read) {
    brahe::RequireOneLine(read.error().message);
    return 0;
  }
  brahe::Require(read->size() == zones.size(), "each zone has one");
  for (const ZoneBaseline& zone : *read) {
    brahe::Require(zone.quiet.InOrder().size() <= PowerMemory::kKept, "it keeps its bound");
  }
  const std::string written = Written(*read, zones);
  const auto again = ReadBaseline(written, zones);
  brahe::Require(again && Written(*again, zones) == written, "a baseline is read as it is written");
  BaselineSplit split(*read);
  const Load load{.busy = brahe::Seconds(1), .capacity = brahe::Seconds(2)};
  const EnergySplit parts =
      split.Split({.zone = 0, .energy = brahe::Joules(5), .time = brahe::Seconds(1), .load = load, .machine = load});
  brahe::Require(parts.own + parts.shared + parts.idle == brahe::Joules(5), "no energy is lost or made");
  return 0;
}
