// Every meter is killed now and then, and another one goes on from what it knew. What all epochs have together is what
// the machine has used, to the microjoule.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/fake_clock.h"
#include "userspace/base/protobuf_writer.h"
#include "userspace/base/temp_tree.h"
#include "userspace/energy/composed_meter.h"
#include "userspace/energy/fake_meter.h"
#include "userspace/energy/guest_meter.h"
#include "userspace/energy/hwmon_fixture.h"
#include "userspace/energy/hwmon_meter.h"
#include "userspace/energy/log_lines.h"
#include "userspace/energy/meter_state.h"
#include "userspace/energy/model_meter.h"
#include "userspace/energy/msr_fixture.h"
#include "userspace/energy/msr_meter.h"
#include "userspace/energy/powercap_meter.h"

namespace brahe::energy {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using MeterResult = Result<std::unique_ptr<EnergyMeter>>;

MeterState ThroughAFile(const MeterState& state) {
  std::string message;
  ProtobufWriter writer(message);
  WriteMeterState(state, writer);
  auto read = ReadMeterState(message);
  EXPECT_TRUE(read);
  return *read;
}

// Counters that a meter reads, by zone.
struct Machine {
  std::function<MeterResult()> open;
  // Shows where each counter is, as if it had never gone around.
  std::function<void(const std::vector<uint64_t>& microjoules)> show;
  uint64_t range = 1ULL << 62;  // no step is as long
};

class RestartTest : public testing::Test {
 protected:
  // Drives meters of two zones through random steps and restarts.
  void CountsOn(const Machine& machine) {
    for (uint64_t seed = 0; seed < 2 && !HasFailure(); ++seed) {
      random_.seed(seed);
      Begin(machine);
      for (int step = 0; step < 100; ++step) {
        Run(machine, Milliseconds(1 + random_() % 5000));
        meter_->Sample();
        if (random_() % 3 == 0) continue;  // several samples in an epoch
        CollectUntil(clock_.Now() - Nanoseconds{random_() % Milliseconds(1).value});
        if (random_() % 4 == 0) Restart(machine);
      }
      CollectUntil(clock_.Now());
      for (size_t z = 0; z < 2; ++z) EXPECT_EQ(total_[z].value, counters_[z] - first_[z]) << "seed " << seed;
    }
  }

  void Begin(const Machine& machine) {
    total_ = {Microjoules{}, Microjoules{}};
    first_ = counters_ = {1'000 + random_() % machine.range, 1'000 + random_() % machine.range};
    machine.show(counters_);
    Open(machine);
    meter_->Sample();
    for (const auto& used : meter_->Collect({.end = clock_.Now()}).used) EXPECT_EQ(used, Microjoules{});
    end_ = clock_.Now();
  }

  void Run(const Machine& machine, Nanoseconds time) {
    clock_.Advance(time);
    // Of different powers, up to 90 and 30 W.
    for (const auto& [zone, watts] : {std::pair<size_t, uint64_t>(0, 90), {1, 30}}) {
      counters_[zone] += EnergyOf(Microwatts{random_() % Watts(watts).value}, time).value % machine.range;
    }
    machine.show(counters_);
  }

  void CollectUntil(Nanoseconds end) {
    const EnergyEpoch energy = meter_->Collect({.begin = end_, .end = end});
    end_ = end;
    ASSERT_EQ(energy.used.size(), 2U);
    for (size_t z = 0; z < 2; ++z) {
      ASSERT_TRUE(energy.used[z]);
      total_[z] += *energy.used[z];
    }
  }

  void Restart(const Machine& machine) {
    MeterState state = ThroughAFile(meter_->State());
    if (random_() % 2 == 0) std::reverse(state.zones.begin(), state.zones.end());
    // What the old one reads after that, nobody is told.
    for (uint64_t more = random_() % 3; more > 0; --more) {
      Run(machine, Milliseconds(700));
      meter_->Sample();
    }
    meter_.reset();
    Run(machine, Milliseconds(1 + random_() % 20'000));
    Open(machine);
    meter_->Resume(state);
    meter_->Sample();
    Run(machine, Milliseconds(3));
    meter_->Sample();
    CollectUntil(clock_.Now() - Milliseconds(2));
  }

  void Open(const Machine& machine) {
    auto meter = machine.open();
    ASSERT_TRUE(meter) << meter.error().message;
    meter_ = *std::move(meter);
  }

  // Folders as those of powercap.
  void MakeZones(const TempTree& tree, const std::string& folder, uint64_t range) const {
    for (const int zone : {0, 1}) {
      const std::string path = folder + "intel-rapl:" + std::to_string(zone);
      tree.Write(path + "/name", "package-" + std::to_string(zone) + "\n");
      tree.Write(path + "/max_energy_range_uj", std::to_string(range) + "\n");
    }
  }
  static void ShowZones(const TempTree& tree, const std::string& folder, const std::vector<uint64_t>& microjoules,
                        uint64_t range) {
    for (const int zone : {0, 1}) {
      tree.Write(folder + "intel-rapl:" + std::to_string(zone) + "/energy_uj",
                 std::to_string(microjoules.at(zone) % range) + "\n");
    }
  }
  Machine Powercap(uint64_t range) {
    MakeZones(tree_, kFolder, range);
    options_.sysfs_root = tree_.path();
    return {.open = [this] { return PowercapMeter::Open(options_, clock_); },
            .show = [this, range](const auto& uj) { ShowZones(tree_, kFolder, uj, range); },
            .range = range};
  }

  static constexpr const char* kFolder = "class/powercap/";

  LogLines log_;
  TempTree tree_;
  FakeClock clock_;
  MeterOptions options_;
  std::mt19937_64 random_;
  std::unique_ptr<EnergyMeter> meter_;
  std::vector<uint64_t> counters_, first_;
  std::vector<Microjoules> total_;
  Nanoseconds end_;  // of the last epoch
};

TEST_F(RestartTest, PowercapCountsOn) { CountsOn(Powercap(262'143'328'850)); }

TEST_F(RestartTest, PowercapCountsOnWhereItsCountersGoAroundAllTheTime) {
  CountsOn(Powercap(2'000'000'000));
  EXPECT_EQ(meter_->States()[0].resets, 0U);
  EXPECT_THAT(log_.lines, Contains(AllOf(HasSubstr("zone package of socket 0"), HasSubstr("may have gone around"),
                                         HasSubstr("turns of 2000000000 uJ"))));
}

TEST_F(RestartTest, AGuestCountsOn) {
  MakeZones(tree_, "", 1ULL << 62);
  options_.guest_path = tree_.path();
  CountsOn({.open = [this] { return GuestMeter::Open(options_, clock_); },
            .show = [this](const auto& uj) { ShowZones(tree_, "", uj, 1ULL << 62); }});
}

TEST_F(RestartTest, HwmonsCountersCountOn) {
  HwmonTree tree;
  for (const int chip : {0, 1}) {
    tree.AddChip(chip, "platform/amd_energy." + std::to_string(chip), "amd_energy",
                 {{"energy1_label", "Esocket" + std::to_string(chip)}});
  }
  options_.sysfs_root = tree.root();
  CountsOn({.open = [this] { return HwmonMeter::Open(options_, clock_); },
            .show =
                [&tree](const auto& uj) {
                  for (const int chip : {0, 1}) tree.Set(chip, "energy1_input", std::to_string(uj.at(chip)));
                },
            .range = 1ULL << 40});
}

TEST_F(RestartTest, RegistersCountOnAlsoWhereTheyGoAround) {
  FakeMsr msr(tree_);
  msr.SetProcessor("GenuineIntel", 6, 0x8f);
  for (const uint32_t cpu : {0, 1}) {
    msr.AddCpu(cpu, cpu, 0, cpu);
    msr.Set(cpu, 0x606, 0xa0600);  // a count is 15,625 uJ
  }
  msr.SetOnline("0-1");
  options_.sysfs_root = tree_.path();
  options_.procfs_root = tree_.At("proc");
  constexpr uint64_t kCount = 15'625;
  uint64_t wraps = 0;
  const Machine machine{.open = [&] { return MsrMeter::OpenWith(options_, clock_, msr.Opener()); },
                        .show =
                            [&](const auto& uj) {
                              for (const uint32_t cpu : {0, 1})
                                msr.Set(cpu, 0x611, (uj[cpu] / kCount + 0xfff00000) & 0xffffffff);
                              wraps += uj[0] / kCount >= 0x100000 ? 1 : 0;
                            },
                        .range = 1'000'000'000};
  random_.seed(1);
  Begin(machine);
  const uint64_t first = counters_[0] / kCount, first_of_1 = counters_[1] / kCount;
  for (int i = 0; i < 300; ++i) Restart(machine);
  CollectUntil(clock_.Now());
  EXPECT_EQ(total_[0].value, (counters_[0] / kCount - first) * kCount);
  EXPECT_EQ(total_[1].value, (counters_[1] / kCount - first_of_1) * kCount);
  EXPECT_GT(wraps, 0U);
}

TEST_F(RestartTest, MadeUpEnergyGoesOn) {
  Microjoules total;
  auto meter = std::make_unique<FakeMeter>(clock_);
  meter->Sample();
  const Nanoseconds start = clock_.Now();
  for (int i = 0; i < 100; ++i) {
    clock_.Advance({999'999'999});
    meter->Sample();
    total += *meter->Collect({.end = clock_.Now()}).used[0];
    const MeterState state = ThroughAFile(meter->State());
    clock_.Advance({1'234'567});
    meter = std::make_unique<FakeMeter>(clock_);
    meter->Resume(state);
  }
  meter->Sample();
  total += *meter->Collect({.end = clock_.Now()}).used[0];
  EXPECT_EQ(total, EnergyOf(Watts(40), clock_.Now() - start));
}

TEST_F(RestartTest, WhatTheModelCutsOffIsCarriedToTheNextProcess) {
  const ModelCoefficients coefficients{.idle = {1'000'003}, .max = {1'000'003}, .shape = {}};
  const auto make = [&] {
    return std::make_unique<ModelMeter>(coefficients, std::vector<std::optional<uint32_t>>{0, 1}, Watts(1) / 7);
  };
  auto meter = make();
  Microjoules total, dram;
  constexpr Nanoseconds kEpoch = {333'333'333};
  for (uint64_t i = 1; i <= 1000; ++i) {
    const EnergyEpoch energy = meter->Collect(
        {.begin = kEpoch * (i - 1), .end = kEpoch * i, .sockets = {{1, {.capacity = kEpoch, .busy = {}}}}});
    EXPECT_EQ(energy.used[0], Microjoules{});
    total += *energy.used[1];
    dram += *energy.used[2];
    const MeterState state = ThroughAFile(meter->State());
    meter = make();
    meter->Resume(state);
  }
  EXPECT_EQ(total, EnergyOf({1'000'003}, kEpoch * 1000));
  EXPECT_EQ(dram, EnergyOf(Watts(1) / 7, kEpoch * 1000));
}

TEST_F(RestartTest, ACounterThatWasResetIsCountedAsThat) {
  const Machine machine = Powercap(262'143'328'850);
  Begin(machine);
  const MeterState state = meter_->State();
  counters_ = {10, counters_[1] + 50};
  // It would have been a wrap of nearly all its range, in one second.
  MeterState high = state;
  high.zones[0].last->energy = {200'000'000'000};
  clock_.Advance(Seconds(1));
  machine.show(counters_);
  Open(machine);
  meter_->Resume(high);
  meter_->Sample();
  EXPECT_THAT(meter_->Collect({.end = clock_.Now()}).used, ElementsAre(Microjoules{}, Microjoules{50}));
  EXPECT_EQ(meter_->States()[0].resets, 1U);
}

TEST_F(RestartTest, CountsOfErrorsAndResetsGoOn) {
  const Machine machine = Powercap(1'000'000);
  Begin(machine);
  MeterState state = meter_->State();
  state.zones[1].read_errors = 3;
  state.zones[1].resets = 4;
  Open(machine);
  meter_->Resume(state);
  EXPECT_EQ(meter_->States()[0].resets, 0U);
  EXPECT_EQ(meter_->States()[1].read_errors, 3U);
  EXPECT_EQ(meter_->States()[1].resets, 4U);
}

TEST_F(RestartTest, AZoneThatIsNewIsNotKnownInTheFirstEpochAndCountedFromItsFirstSample) {
  const Machine machine = Powercap(262'143'328'850);
  Begin(machine);
  MeterState state = meter_->State();
  state.zones.erase(state.zones.begin());
  state.zones.front().zone.name = "dram";
  clock_.Advance(Seconds(60));
  Open(machine);
  meter_->Resume(state);
  meter_->Sample();
  for (uint64_t& counter : counters_) counter += 1'000;
  machine.show(counters_);
  clock_.Advance(Milliseconds(2));
  meter_->Sample();
  EXPECT_THAT(meter_->Collect({.end = clock_.Now() - Milliseconds(1)}).used, ElementsAre(std::nullopt, std::nullopt));
  clock_.Advance(Seconds(5));
  meter_->Sample();
  EXPECT_THAT(meter_->Collect({.end = clock_.Now()}).used, ElementsAre(Microjoules{1'000}, Microjoules{1'000}));
  EXPECT_THAT(log_.lines, Contains(AllOf(HasSubstr("zone dram of socket 1"), HasSubstr("is gone"))));
}

TEST_F(RestartTest, WhatCannotBeIsTakenAsNotThere) {
  const Machine machine = Powercap(262'143'328'850);
  Begin(machine);
  const MeterState good = meter_->State();
  const std::vector<std::function<void(MeterZoneState&)>> absurdities = {
      [&](MeterZoneState& zone) { zone.last->time = clock_.Now() + Nanoseconds{1}; },
      [](MeterZoneState& zone) { zone.last->suspended = Seconds(1'000'000); },
      [&](MeterZoneState& zone) { zone.pending.end = clock_.Now() + Nanoseconds{1}; },
      [](MeterZoneState& zone) { zone.pending = {.older = {}, .last = {5}, .begin = Seconds(9), .end = Seconds(8)}; },
      [](MeterZoneState& zone) { zone.pending.older = {UINT64_MAX}; },
      [](MeterZoneState& zone) { zone.pending.last = {UINT64_MAX}; },
  };
  for (const auto& absurdity : absurdities) {
    MeterState state = good;
    absurdity(state.zones[0]);
    Open(machine);
    meter_->Resume(state);
    meter_->Sample();
    EXPECT_THAT(meter_->Collect({.end = clock_.Now()}).used, ElementsAre(std::nullopt, Microjoules{}));
    EXPECT_THAT(log_.lines, Contains(AllOf(HasSubstr("zone package of socket 0"), HasSubstr("cannot be"))));
    log_.lines.clear();
  }
}

TEST_F(RestartTest, AnyNumbersInAStateAreNoCrash) {
  const Machine machine = Powercap(262'143'328'850);
  Begin(machine);
  for (int i = 0; i < 300; ++i) {
    MeterState state = meter_->State();
    for (MeterZoneState& zone : state.zones) {
      const auto any = [&] { return random_() >> random_() % 64; };
      zone.last = {.energy = {any()}, .time = {any()}, .suspended = {any()}};
      zone.pending = {.older = {any()}, .last = {any()}, .begin = {any()}, .end = {any()}};
      zone.observed_power = {any()};
      zone.watch = {.epochs = any(), .time = {any()}};
    }
    Open(machine);
    meter_->Resume(state);
    Run(machine, Seconds(1));
    meter_->Sample();
    for (const auto& used : meter_->Collect({.end = clock_.Now()}).used) {
      EXPECT_LE(used.value_or(Microjoules{}), EnergyOf(Watts(5000), clock_.Now() * 2 + Seconds(2)));
    }
  }
}

TEST_F(RestartTest, AReserveThatHadTakenOverGoesOn) {
  const ModelCoefficients coefficients{.idle = Watts(1), .max = Watts(1), .shape = {}};
  Powercap(262'143'328'850);
  ShowZones(tree_, kFolder, {5, 5}, 262'143'328'850);
  const auto open = [&] {
    std::vector<EnergySource> sources;
    sources.push_back({"rapl", *PowercapMeter::Open(options_, clock_)});
    sources.push_back({"model", std::make_unique<ModelMeter>(coefficients, std::vector<std::optional<uint32_t>>{0, 1},
                                                             Microwatts{})});
    meter_ = std::make_unique<ComposedMeter>(std::move(sources));
  };
  const auto epoch = [&] {
    const CpuLoad load{.capacity = Seconds(5), .busy = Seconds(5)};
    clock_.Advance(Seconds(5));
    meter_->Sample();
    return meter_->Collect(
        {.begin = clock_.Now() - Seconds(5), .end = clock_.Now(), .load = load, .sockets = {{0, load}, {1, load}}});
  };
  open();
  meter_->Sample();
  for (int i = 0; i < 12; ++i) epoch();
  ASSERT_EQ(meter_->States()[0].source, "model");
  const MeterState state = ThroughAFile(meter_->State());
  open();
  meter_->Resume(state);
  EXPECT_EQ(meter_->States()[0].source, "model");
  EXPECT_THAT(epoch().used, ElementsAre(Joules(5), Joules(5)));
  EXPECT_EQ(meter_->States()[1].source, "model") << "as rapl's counters still stand";
  ShowZones(tree_, kFolder, {6, 6}, 262'143'328'850);
  epoch();
  EXPECT_EQ(meter_->States()[0].source, "rapl");
}

TEST_F(RestartTest, AReserveThatNobodyListenedToBringsNothingAlong) {
  Powercap(262'143'328'850);
  ShowZones(tree_, kFolder, {5, 5}, 262'143'328'850);
  std::vector<EnergySource> sources;
  sources.push_back({"model", std::make_unique<ModelMeter>(ModelCoefficients{.idle = {}, .max = {}, .shape = {}},
                                                           std::vector<std::optional<uint32_t>>{0, 1}, Microwatts{})});
  sources.push_back({"rapl", *PowercapMeter::Open(options_, clock_)});
  sources.back().meter->Sample();
  const ComposedMeter meter(std::move(sources));
  const MeterState state = meter.State();
  ASSERT_EQ(state.zones.size(), 4U);
  EXPECT_EQ(state.zones[2].source, "rapl");
  EXPECT_EQ(state.zones[2].last, std::nullopt);
  EXPECT_THAT(state.supplies, ElementsAre(MeterSupplyState{.zone = "package", .source = "model"}));
}

TEST_F(RestartTest, ASourceThatIsGoneIsSaid) {
  Powercap(262'143'328'850);
  ShowZones(tree_, kFolder, {5, 5}, 262'143'328'850);
  std::vector<EnergySource> sources;
  sources.push_back({"rapl", *PowercapMeter::Open(options_, clock_)});
  ComposedMeter meter(std::move(sources));
  MeterState state = meter.State();
  state.zones.push_back({.source = "hwmon", .zone = {.name = "platform", .path = "/chip", .socket = {}}});
  meter.Resume(state);
  EXPECT_THAT(log_.lines, ElementsAre(HasSubstr("hwmon: zone platform (/chip) is gone")));
}

}  // namespace
}  // namespace brahe::energy
