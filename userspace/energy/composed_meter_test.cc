#include "userspace/energy/composed_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "userspace/energy/log_lines.h"

namespace brahe::energy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Gives what a test sets.
class ScriptedMeter final : public EnergyMeter {
 public:
  ScriptedMeter(const std::string& source, std::vector<Zone> zones)
      : used(zones.size(), Microjoules{}),
        states(zones.size(), ZoneState{.source = source, .measured = true}),
        zones_(std::move(zones)) {}

  [[nodiscard]] const std::vector<Zone>& zones() const override { return zones_; }
  [[nodiscard]] std::vector<ZoneState> States() const override { return states; }
  void Sample() override { ++samples; }
  EnergyEpoch Collect(const MeterEpoch& /*epoch*/) override { return {.used = used, .read_lags = read_lags}; }
  [[nodiscard]] std::optional<Nanoseconds> MaxSampleInterval() const override { return interval; }

  void Stand(bool stands) {
    for (ZoneState& state : states) {
      state.still = stands;
      state.measured = !stands;
    }
  }

  std::vector<std::optional<Microjoules>> used;
  std::vector<ZoneState> states;
  std::vector<Nanoseconds> read_lags;
  std::optional<Nanoseconds> interval;
  int samples = 0;

 private:
  const std::vector<Zone> zones_;
};

Zone ZoneOf(const std::string& name, std::optional<uint32_t> socket, const std::string& path = "/path") {
  return {.name = name, .path = path, .socket = socket};
}

class ComposedMeterTest : public testing::Test {
 protected:
  ScriptedMeter& Add(const std::string& source, const std::vector<Zone>& zones) {
    auto meter = std::make_unique<ScriptedMeter>(source, zones);
    ScriptedMeter& added = *meter;
    sources_.push_back({source, std::move(meter)});
    return added;
  }
  void Compose() { meter_ = std::make_unique<ComposedMeter>(std::move(sources_)); }
  std::vector<std::optional<Microjoules>> Used() {
    meter_->Sample();
    return meter_->Collect({}).used;
  }
  [[nodiscard]] std::vector<std::string> Sources() const {
    std::vector<std::string> sources;
    for (const ZoneState& state : meter_->States()) sources.push_back(state.source);
    return sources;
  }

  std::vector<EnergySource> sources_;
  std::unique_ptr<ComposedMeter> meter_;
  LogLines log_;
};

TEST_F(ComposedMeterTest, EachZoneComesFromTheFirstThatHasItsName) {
  ScriptedMeter& rapl = Add("rapl", {ZoneOf("package", 0, "/p0"), ZoneOf("package", 1, "/p1")});
  ScriptedMeter& hwmon = Add("hwmon", {ZoneOf("platform", {}, "/h"), ZoneOf("package", 0)});
  ScriptedMeter& model = Add("model", {ZoneOf("dram", {}, "model")});
  model.states[0] = {.source = "model", .uncertainty_ppm = 170'000};
  Compose();
  rapl.used = {Joules(1), std::nullopt};
  hwmon.used = {Joules(7), Joules(100)};
  model.used = {Joules(3)};
  EXPECT_THAT(Used(), ElementsAre(Joules(1), std::nullopt, Joules(7), Joules(3)));
  EXPECT_THAT(Sources(), ElementsAre("rapl", "rapl", "hwmon", "model"));
  EXPECT_EQ(meter_->zones()[0].path, "/p0");
  EXPECT_EQ(meter_->zones()[1].socket, 1u);
  EXPECT_EQ(meter_->zones()[2].path, "/h");
  EXPECT_TRUE(meter_->States()[2].measured);
  EXPECT_FALSE(meter_->States()[3].measured);
  EXPECT_EQ(meter_->States()[3].uncertainty_ppm, 170'000u);
}

TEST_F(ComposedMeterTest, AsksAsOftenAsTheMostUrgentOneOfThoseInUse) {
  Add("rapl", {ZoneOf("package", 0)}).interval = Seconds(5);
  Add("hwmon", {ZoneOf("platform", {})}).interval = Seconds(1);
  Add("perf", {ZoneOf("package", 0)}).interval = Milliseconds(1);
  Compose();
  EXPECT_EQ(meter_->MaxSampleInterval(), Seconds(1));
}

TEST_F(ComposedMeterTest, LagsAreThoseOfAllInUse) {
  Add("rapl", {ZoneOf("package", 0)}).read_lags = {{1}};
  Add("hwmon", {ZoneOf("platform", {})}).read_lags = {{2}};
  Add("perf", {ZoneOf("package", 0)}).read_lags = {{3}};
  Compose();
  meter_->Sample();
  EXPECT_THAT(meter_->Collect({}).read_lags, ElementsAre(Nanoseconds{1}, Nanoseconds{2}));
}

TEST_F(ComposedMeterTest, WhereNoCounterMovesTheNextTakesItsPlaceUntilOneDoes) {
  ScriptedMeter& rapl = Add("rapl", {ZoneOf("package", 0, "/p"), ZoneOf("core", 0)});
  ScriptedMeter& model = Add("model", {ZoneOf("package", 0, "model")});
  model.states[0] = {.source = "model", .uncertainty_ppm = 170'000};
  Compose();
  rapl.used = {Joules(1), Joules(1)};
  model.used = {Joules(40)};
  EXPECT_THAT(Used(), ElementsAre(Joules(1), Joules(1)));
  EXPECT_EQ(model.samples, 0) << "nobody needs it";

  rapl.used = {Microjoules{}, Microjoules{}};
  rapl.states[0].read_errors = 2;
  rapl.Stand(true);
  EXPECT_THAT(Used(), ElementsAre(Microjoules{}, Microjoules{})) << "what it has until now is nobody's";
  EXPECT_EQ(model.samples, 1) << "it begins at the end of this epoch";
  EXPECT_THAT(Used(), ElementsAre(Joules(40), Microjoules{})) << "of core there is no other";
  EXPECT_THAT(Sources(), ElementsAre("model", "rapl"));
  EXPECT_EQ(meter_->zones()[0].path, "/p") << "the series goes on";
  EXPECT_FALSE(meter_->States()[0].measured);
  EXPECT_FALSE(meter_->States()[0].still);
  EXPECT_EQ(meter_->States()[0].uncertainty_ppm, 170'000u);
  EXPECT_EQ(meter_->States()[0].read_errors, 2u) << "counts do not fall";
  EXPECT_THAT(log_.lines, ElementsAre(AllOf(HasSubstr("W "), HasSubstr("zone package"), HasSubstr("no counter of rapl"),
                                            HasSubstr("model takes its place"))));

  rapl.used = {Joules(1000), Joules(1)};
  rapl.Stand(false);
  EXPECT_THAT(Used(), ElementsAre(Joules(40), Joules(1))) << "the model has this epoch's";
  rapl.used = {Joules(2), Joules(1)};
  EXPECT_THAT(Used(), ElementsAre(Joules(2), Joules(1)));
  EXPECT_THAT(log_.lines.back(), AllOf(HasSubstr("I "), HasSubstr("rapl move again")));
  EXPECT_EQ(log_.lines.size(), 2u);
}

TEST_F(ComposedMeterTest, WhereAllStandTheFirstStays) {
  ScriptedMeter& rapl = Add("rapl", {ZoneOf("package", 0)});
  ScriptedMeter& perf = Add("perf", {ZoneOf("package", 0)});
  Compose();
  rapl.Stand(true);
  Used();
  EXPECT_THAT(Sources(), ElementsAre("perf"));
  perf.Stand(true);
  Used();
  EXPECT_THAT(Sources(), ElementsAre("perf")) << "it is as good as any";
  EXPECT_TRUE(meter_->States()[0].still);
}

TEST_F(ComposedMeterTest, AReserveGivesDiesWhatItHasForTheirSocket) {
  ScriptedMeter& rapl = Add("rapl", {ZoneOf("package", 0, "/d0"), ZoneOf("package", 0, "/d1"), ZoneOf("package", 1)});
  ScriptedMeter& perf = Add("perf", {ZoneOf("package", 0), ZoneOf("package", 1), ZoneOf("package", 1)});
  Compose();
  rapl.Stand(true);
  Used();
  perf.used = {Joules(1), Joules(2), Joules(4)};
  EXPECT_THAT(Used(), ElementsAre(Joules(1), Microjoules{}, Joules(6)));
  EXPECT_THAT(Sources(), ElementsAre("perf", "perf", "perf"));
  perf.used = {Joules(1), std::nullopt, Joules(4)};
  EXPECT_THAT(Used(), ElementsAre(Joules(1), Microjoules{}, std::nullopt));
}

TEST_F(ComposedMeterTest, WhatHasNotAllSocketsIsNoReserve) {
  ScriptedMeter& rapl = Add("rapl", {ZoneOf("package", 0), ZoneOf("package", 1)});
  Add("perf", {ZoneOf("package", 1)});
  Add("hwmon", {ZoneOf("package", {})});
  Compose();
  rapl.Stand(true);
  Used();
  EXPECT_THAT(Sources(), ElementsAre("rapl", "rapl"));
}

TEST_F(ComposedMeterTest, OfOneZoneOnlyAZoneOfTheWholeMachineIsAReserve) {
  ScriptedMeter& rapl = Add("rapl", {ZoneOf("package", 0)});
  Add("hwmon", {ZoneOf("package", {})}).used = {Joules(3)};
  Compose();
  rapl.Stand(true);
  Used();
  EXPECT_THAT(Used(), ElementsAre(Joules(3)));
}

TEST_F(ComposedMeterTest, AnotherSocketsZoneIsNoReserve) {
  ScriptedMeter& rapl = Add("rapl", {ZoneOf("package", 0)});
  Add("perf", {ZoneOf("package", 0), ZoneOf("package", 1)});
  Compose();
  rapl.Stand(true);
  Used();
  EXPECT_THAT(Sources(), ElementsAre("rapl"));
}

}  // namespace
}  // namespace brahe::energy
