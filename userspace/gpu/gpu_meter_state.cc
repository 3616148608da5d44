#include "userspace/gpu/gpu_meter_state.h"

#include <utility>

#include "userspace/base/protobuf_reader.h"

namespace brahe::gpu {
namespace {

enum StateField : uint32_t { kCard = 1 };
enum CardField : uint32_t {
  kUuid = 1,
  kCounter = 2,
  kPower = 3,
  kKnownUntil = 4,
  kReadErrors = 5,
  kResets = 6,
  kSeen = 7
};
enum CounterField : uint32_t { kCounterEnergy = 1, kCounterTime = 2, kSuspended = 3 };
enum PowerField : uint32_t { kMicrowatts = 1, kPowerTime = 2, kPowerEnergy = 3, kRemainder = 4 };

void WriteCard(const CardState& card, ProtobufWriter& writer) {
  writer.Bytes(kUuid, card.uuid);
  if (card.counter) {
    writer.Message(kCounter, [&](ProtobufWriter& counter) {
      counter.Uint(kCounterEnergy, card.counter->energy.value);
      counter.Uint(kCounterTime, card.counter->time.value);
      counter.Uint(kSuspended, card.counter->suspended.value);
    });
  }
  if (card.power) {
    writer.Message(kPower, [&](ProtobufWriter& power) {
      power.Uint(kMicrowatts, card.power->power.value);
      power.Uint(kPowerTime, card.power->time.value);
      power.Uint(kPowerEnergy, card.power->energy.value);
      power.Uint(kRemainder, card.power->remainder);
    });
  }
  writer.Uint(kKnownUntil, card.known_until.value);
  writer.Uint(kReadErrors, card.read_errors);
  writer.Uint(kResets, card.resets);
  writer.Uint(kSeen, card.seen_us);
}

bool ReadCounter(std::string_view message, energy::CounterReading& counter) {
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() == kCounterEnergy) counter.energy = {reader.uint()};
    if (reader.field() == kCounterTime) counter.time = {reader.uint()};
    if (reader.field() == kSuspended) counter.suspended = {reader.uint()};
  }
  return reader.ok();
}

bool ReadPower(std::string_view message, energy::PowerIntegral::Values& power) {
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() == kMicrowatts) power.power = {reader.uint()};
    if (reader.field() == kPowerTime) power.time = {reader.uint()};
    if (reader.field() == kPowerEnergy) power.energy = {reader.uint()};
    if (reader.field() == kRemainder) power.remainder = reader.uint();
  }
  return reader.ok();
}

Result<CardState> ReadCard(std::string_view message) {
  CardState card;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() == kUuid) card.uuid = reader.bytes();
    if (reader.field() == kCounter && !ReadCounter(reader.bytes(), card.counter.emplace())) {
      return MakeError("a card's counter is not well formed");
    }
    if (reader.field() == kPower && !ReadPower(reader.bytes(), card.power.emplace())) {
      return MakeError("a card's power is not well formed");
    }
    if (reader.field() == kKnownUntil) card.known_until = {reader.uint()};
    if (reader.field() == kReadErrors) card.read_errors = reader.uint();
    if (reader.field() == kResets) card.resets = reader.uint();
    if (reader.field() == kSeen) card.seen_us = reader.uint();
  }
  if (!reader.ok()) return MakeError("a card is not well formed");
  return card;
}

}  // namespace

void WriteGpuMeterState(const GpuMeterState& state, ProtobufWriter& writer) {
  for (const CardState& card : state.cards) {
    writer.Message(kCard, [&](ProtobufWriter& message) { WriteCard(card, message); });
  }
}

Result<GpuMeterState> ReadGpuMeterState(std::string_view message) {
  GpuMeterState state;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() != kCard) continue;
    auto card = ReadCard(reader.bytes());
    if (!card) return card.error();
    state.cards.push_back(*std::move(card));
  }
  if (!reader.ok()) return MakeError("the GPU meter's state is not well formed");
  return state;
}

}  // namespace brahe::gpu
