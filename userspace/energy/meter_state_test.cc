#include "userspace/energy/meter_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "userspace/energy/log_lines.h"

namespace brahe::energy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Written(const MeterState& state) {
  std::string message;
  ProtobufWriter writer(message);
  WriteMeterState(state, writer);
  return message;
}

class RandomState {
 public:
  explicit RandomState(uint64_t seed) : random_(seed) {}

  MeterState Make() {
    MeterState state;
    for (uint64_t zones = random_() % 5; zones > 0; --zones) state.zones.push_back(MakeZone());
    for (uint64_t supplies = random_() % 3; supplies > 0; --supplies) state.supplies.push_back({Text(), Text()});
    return state;
  }

 private:
  // Small, large or anything.
  uint64_t Number() { return random_() >> random_() % 64; }
  std::string Text() {
    std::string text(random_() % 200, ' ');
    for (char& c : text) c = static_cast<char>(random_());
    return text;
  }
  MeterZoneState MakeZone() {
    MeterZoneState zone;
    zone.source = Text();
    zone.zone = {.name = Text(), .path = Text(), .socket = {}};
    if (random_() % 2 == 0) zone.zone.socket = static_cast<uint32_t>(random_());
    if (random_() % 2 == 0) zone.last = {.energy = {Number()}, .time = {Number()}, .suspended = {Number()}};
    zone.pending = {.older = {Number()}, .last = {Number()}, .begin = {Number()}, .end = {Number()}};
    zone.observed_power = {Number()};
    zone.watch = {.epochs = Number(), .time = {Number()}};
    zone.moved = random_() % 2 == 0;
    zone.read_errors = Number();
    zone.resets = Number();
    if (random_() % 2 == 0) zone.power = Microwatts{Number()};
    zone.remainder = Number();
    return zone;
  }

  std::mt19937_64 random_;
};

TEST(MeterStateTest, IsReadAsItWasWritten) {
  RandomState random(1);
  for (int i = 0; i < 1000; ++i) {
    const MeterState state = random.Make();
    const auto read = ReadMeterState(Written(state));
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(*read, state);
  }
}

TEST(MeterStateTest, AnErrorNamesTheField) {
  std::string message;
  ProtobufWriter writer(message);
  writer.Message(1, [](ProtobufWriter& zone) { zone.Bytes(6, "\x08"); });
  EXPECT_EQ(ReadMeterState(message).error().message, "zone 0: pending is not well formed");
}

TEST(MeterStateTest, ZonesAreFoundByAllThatNamesThem) {
  LogLines log;
  const Zone first{.name = "package", .path = "/p0", .socket = 0},
      second{.name = "package", .path = "/p1", .socket = 1};
  MeterState state;
  for (const Zone& zone : {second, first}) state.zones.push_back({.source = "rapl", .zone = zone});
  state.zones.push_back({.source = "perf", .zone = first});
  EXPECT_THAT(FindZones("rapl", {first, second}, state), ElementsAre(&state.zones[1], &state.zones[0]));
  EXPECT_THAT(FindZones("rapl", {second, {.name = "dram", .path = "/p0", .socket = 0}, first}, state),
              ElementsAre(&state.zones[0], nullptr, &state.zones[1]));
  EXPECT_THAT(log.lines, IsEmpty());
  EXPECT_THAT(FindZones("rapl", {first, {.name = "package", .path = "/p1", .socket = 0}}, state),
              ElementsAre(&state.zones[1], nullptr));
  EXPECT_THAT(log.lines, ElementsAre(HasSubstr("rapl: zone package of socket 1 (/p1) is gone")));
}

TEST(MeterStateTest, OfTwoZonesThatAreNamedTheSameEachHasItsOwn) {
  const Zone zone{.name = "package", .path = "model", .socket = {}};
  const MeterState state{.zones = {{.source = "model", .zone = zone}, {.source = "model", .zone = zone}},
                         .supplies = {}};
  EXPECT_THAT(FindZones("model", {zone, zone}, state), ElementsAre(&state.zones[0], &state.zones[1]));
}

}  // namespace
}  // namespace brahe::energy
