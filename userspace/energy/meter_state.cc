#include "userspace/energy/meter_state.h"

#include <glog/logging.h>

#include <initializer_list>
#include <limits>

#include "userspace/base/protobuf_reader.h"

namespace brahe::energy {
namespace {

enum StateField : uint32_t { kZone = 1, kSupply = 2 };
enum ZoneField : uint32_t {
  kSource = 1,
  kName = 2,
  kPath = 3,
  kSocket = 4,
  kLast = 5,
  kPending = 6,
  kObservedPower = 7,
  kWatch = 8,
  kMoved = 9,
  kReadErrors = 10,
  kResets = 11,
  kPower = 12,
  kRemainder = 13,
};
enum SupplyField : uint32_t { kSupplyZone = 1, kSupplySource = 2 };

Error NotAMessage(const std::string& what) { return MakeError(what + " is not well formed"); }

// Numbers that are fields 1, 2, 3, ... of a message.
void WriteNumbers(uint32_t field, std::initializer_list<uint64_t> numbers, ProtobufWriter& writer) {
  writer.Message(field, [&](ProtobufWriter& message) {
    uint32_t place = 0;
    for (const uint64_t number : numbers) message.Uint(++place, number);
  });
}

Status ReadNumbers(const std::string& what, std::string_view message, std::initializer_list<uint64_t*> numbers) {
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() <= numbers.size()) **(numbers.begin() + reader.field() - 1) = reader.uint();
  }
  return reader.ok() ? Status() : NotAMessage(what);
}

void WriteZone(const MeterZoneState& state, ProtobufWriter& writer) {
  writer.Bytes(kSource, state.source);
  writer.Bytes(kName, state.zone.name);
  writer.Bytes(kPath, state.zone.path);
  if (state.zone.socket) writer.Uint(kSocket, *state.zone.socket);
  if (const auto& last = state.last) {
    WriteNumbers(kLast, {last->energy.value, last->time.value, last->suspended.value}, writer);
  }
  const auto& [older, last, begin, end] = state.pending;
  WriteNumbers(kPending, {older.value, last.value, begin.value, end.value}, writer);
  writer.Uint(kObservedPower, state.observed_power.value);
  WriteNumbers(kWatch, {state.watch.epochs, state.watch.time.value}, writer);
  writer.Uint(kMoved, state.moved ? 1 : 0);
  writer.Uint(kReadErrors, state.read_errors);
  writer.Uint(kResets, state.resets);
  if (state.power) writer.Uint(kPower, state.power->value);
  writer.Uint(kRemainder, state.remainder);
}

// Takes the field that `reader` is at.
Status TakeZoneField(const ProtobufReader& reader, MeterZoneState& state) {
  switch (reader.field()) {
    case kSource:
      state.source = reader.bytes();
      break;
    case kName:
      state.zone.name = reader.bytes();
      break;
    case kPath:
      state.zone.path = reader.bytes();
      break;
    case kSocket:
      if (reader.uint() > std::numeric_limits<uint32_t>::max()) return MakeError("socket is too large");
      state.zone.socket = static_cast<uint32_t>(reader.uint());
      break;
    case kLast: {
      CounterReading& last = state.last.emplace();
      return ReadNumbers("last", reader.bytes(), {&last.energy.value, &last.time.value, &last.suspended.value});
    }
    case kPending: {
      auto& [older, last, begin, end] = state.pending;
      return ReadNumbers("pending", reader.bytes(), {&older.value, &last.value, &begin.value, &end.value});
    }
    case kObservedPower:
      state.observed_power = {reader.uint()};
      break;
    case kWatch:
      return ReadNumbers("watch", reader.bytes(), {&state.watch.epochs, &state.watch.time.value});
    case kMoved:
      state.moved = reader.uint() != 0;
      break;
    case kReadErrors:
      state.read_errors = reader.uint();
      break;
    case kResets:
      state.resets = reader.uint();
      break;
    case kPower:
      state.power = Microwatts{reader.uint()};
      break;
    case kRemainder:
      state.remainder = reader.uint();
      break;
    default:
      break;
  }
  return {};
}

Result<MeterZoneState> ReadZone(const std::string& what, std::string_view message) {
  MeterZoneState state;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (const Status taken = TakeZoneField(reader, state); !taken)
      return MakeError(what + ": " + taken.error().message);
  }
  if (!reader.ok()) return NotAMessage(what);
  return state;
}

Result<MeterSupplyState> ReadSupply(std::string_view message) {
  MeterSupplyState state;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() == kSupplyZone) state.zone = reader.bytes();
    if (reader.field() == kSupplySource) state.source = reader.bytes();
  }
  if (!reader.ok()) return NotAMessage("supply");
  return state;
}

}  // namespace

void WriteMeterState(const MeterState& state, ProtobufWriter& writer) {
  for (const MeterZoneState& zone : state.zones) {
    writer.Message(kZone, [&](ProtobufWriter& message) { WriteZone(zone, message); });
  }
  for (const MeterSupplyState& supply : state.supplies) {
    writer.Message(kSupply, [&](ProtobufWriter& message) {
      message.Bytes(kSupplyZone, supply.zone);
      message.Bytes(kSupplySource, supply.source);
    });
  }
}

Result<MeterState> ReadMeterState(std::string_view message) {
  MeterState state;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() == kZone) {
      auto zone = ReadZone("zone " + std::to_string(state.zones.size()), reader.bytes());
      if (!zone) return zone.error();
      state.zones.push_back(*std::move(zone));
    } else if (reader.field() == kSupply) {
      auto supply = ReadSupply(reader.bytes());
      if (!supply) return supply.error();
      state.supplies.push_back(*std::move(supply));
    }
  }
  if (!reader.ok()) return NotAMessage("the meter's state");
  return state;
}

std::vector<const MeterZoneState*> FindZones(const std::string& source, const std::vector<Zone>& zones,
                                             const MeterState& state) {
  std::vector<const MeterZoneState*> found(zones.size());
  for (const MeterZoneState& of : state.zones) {
    if (of.source != source) continue;
    bool is_found = false;
    for (size_t z = 0; z < zones.size() && !is_found; ++z) {
      // Of two that cannot be told apart each has its own.
      if (found[z] != nullptr || !(zones[z] == of.zone)) continue;
      found[z] = &of;
      is_found = true;
    }
    if (!is_found) SayGone(of);
  }
  return found;
}

void SayGone(const MeterZoneState& zone) {
  LOG(WARNING) << Describe(zone.source, zone.zone) << " is gone: its energy is not counted on after the restart";
}

}  // namespace brahe::energy
