#include "userspace/energy/zone_accounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

#include "userspace/energy/log_lines.h"

namespace brahe::energy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Microjoules kRange{262'143'328'850};
constexpr CounterFacts kFacts{.max_range = kRange};

std::vector<Zone> Packages(uint32_t sockets) {
  std::vector<Zone> zones;
  for (uint32_t s = 0; s < sockets; ++s)
    zones.push_back({.name = "package", .path = "/p" + std::to_string(s), .socket = s});
  return zones;
}

class ZoneAccountsTest : public testing::Test {
 protected:
  void Read(size_t zone, Microjoules energy, Nanoseconds time) {
    accounts.Accept(zone, {.energy = energy, .time = time}, kFacts);
  }

  LogLines log;
  ZoneAccounts accounts{"rapl", Packages(2), Watts(5000)};
};

TEST_F(ZoneAccountsTest, AnEpochEndsAtItsCutAndNotWhenItsCountersAreRead) {
  Read(0, Joules(0), Seconds(10));
  Read(1, Joules(0), Seconds(10));
  accounts.EndSample();
  accounts.Collect({.end = Seconds(10)});
  Read(0, Joules(60), Seconds(16));
  Read(1, Joules(70), Seconds(17));
  accounts.EndSample();
  EXPECT_THAT(accounts.Collect({.end = Seconds(15)}).used, ElementsAre(Joules(50), Joules(50)));
  Read(0, Joules(160), Seconds(21));  // 20 W since the last reading
  Read(1, Joules(110), Seconds(21));
  accounts.EndSample();
  EXPECT_THAT(accounts.Collect({.end = Seconds(20)}).used, ElementsAre(Joules(10 + 80), Joules(20 + 30)));
}

TEST_F(ZoneAccountsTest, TellsHowLongAfterTheCutEachCounterWasRead) {
  Read(0, Joules(0), Seconds(10));
  Read(1, Joules(0), Seconds(10));
  accounts.EndSample();
  EXPECT_THAT(accounts.Collect({.end = Seconds(10)}).read_lags, ElementsAre(Nanoseconds{}, Nanoseconds{}));
  Read(0, Joules(1), Seconds(15) + Milliseconds(1));
  Read(1, Joules(1), Seconds(15) + Milliseconds(3));
  accounts.EndSample();
  EXPECT_THAT(accounts.Collect({.end = Seconds(15)}).read_lags, ElementsAre(Milliseconds(1), Milliseconds(3)));
  Read(0, Joules(2), Seconds(20) + Milliseconds(2));
  accounts.Fail(1, MakeError("gone"));
  accounts.EndSample();
  EXPECT_THAT(accounts.Collect({.end = Seconds(20)}).read_lags, ElementsAre(Milliseconds(2)));
  EXPECT_THAT(accounts.Collect({.end = Seconds(21)}).read_lags, IsEmpty()) << "nothing was read after the cut";
}

TEST_F(ZoneAccountsTest, ANewCounterDoesNotTakeAlongWhatTheOldOneHasStillToGive) {
  Read(0, Joules(0), Seconds(10));
  accounts.EndSample();
  Read(0, Joules(60), Seconds(16));
  accounts.EndSample();
  EXPECT_EQ(accounts.Collect({.end = Seconds(15)}).used[0], Joules(50));
  accounts.StartAnew(0);
  Read(0, Joules(900), Seconds(21));
  accounts.EndSample();
  EXPECT_EQ(accounts.Collect({.end = Seconds(20)}).used[0], std::nullopt);
  Read(0, Joules(910), Seconds(26));
  accounts.EndSample();
  EXPECT_EQ(accounts.Collect({.end = Seconds(25)}).used[0], Joules(10 + 8));
}

// Zones package of socket 0 and 1, and psys. Epochs of 5 s in which each socket was busy for 1 s, if a test does not
// change that.
TEST(ZoneErrorTest, OfRaplIsWhatItsCountersMayBeBehind) {
  const std::vector<Zone> zones = {{.name = "package", .path = "/p", .socket = 0}};
  ZoneAccounts rapl("rapl", zones, Watts(5000), ZoneAccounts::Updates::kAsRapl), other("hwmon", zones, Watts(5000));
  for (ZoneAccounts* accounts : {&rapl, &other}) {
    EXPECT_EQ(accounts->States()[0].uncertainty_ppm, std::nullopt) << "before there is an epoch";
    accounts->Accept(0, {.energy = {1}, .time = Seconds(5), .suspended = {}}, {});
    accounts->EndSample();
    accounts->Collect({.begin = {}, .end = Seconds(5)});
  }
  EXPECT_EQ(rapl.States()[0].uncertainty_ppm, 330u);
  EXPECT_EQ(other.States()[0].uncertainty_ppm, std::nullopt);
}

class StillZonesTest : public testing::Test {
 protected:
  StillZonesTest() { Epoch(); }
  void Epoch() {
    epoch.begin = epoch.end;
    epoch.end += Seconds(5);
    for (size_t z = 0; z < energy.size(); ++z) {
      if (broken[z]) {
        accounts.Fail(z, MakeError("broken"));
      } else {
        energy[z] += steps[z];
        accounts.Accept(z, {.energy = energy[z], .time = epoch.end + Milliseconds(1)}, kFacts);
      }
    }
    accounts.EndSample();
    accounts.Collect(epoch);
  }
  void Epochs(int count) {
    for (int i = 0; i < count; ++i) Epoch();
  }
  [[nodiscard]] std::vector<bool> Still() const {
    std::vector<bool> still;
    for (const ZoneState& state : accounts.States()) still.push_back(state.still);
    return still;
  }

  LogLines log;
  ZoneAccounts accounts{"rapl",
                        {{.name = "package", .path = "/p0", .socket = 0},
                         {.name = "package", .path = "/p1", .socket = 1},
                         {.name = "psys", .path = "/y", .socket = {}}},
                        Watts(5000)};
  MeterEpoch epoch{.end = Seconds(100),
                   .load = {.capacity = Seconds(10), .busy = Seconds(2)},
                   .sockets = {{0, {.capacity = Seconds(5), .busy = Seconds(1)}},
                               {1, {.capacity = Seconds(5), .busy = Seconds(1)}}}};
  std::vector<Microjoules> energy{{}, {}, {}}, steps{Joules(50), Joules(50), Joules(80)};
  std::vector<bool> broken{false, false, false};
};

TEST_F(StillZonesTest, ACounterThatStandsStillWhileItsCpusAreBusyIsSaidOnceAndTellsOfItself) {
  steps[1] = {};
  Epochs(9);
  EXPECT_THAT(Still(), ElementsAre(false, false, false));
  EXPECT_THAT(log.lines, IsEmpty());
  Epochs(5);
  EXPECT_THAT(Still(), ElementsAre(false, true, false));
  EXPECT_TRUE(accounts.Measures()) << "the others go on";
  EXPECT_THAT(log.lines, ElementsAre(AllOf(HasSubstr("W rapl: zone package of socket 1 (/p1) stands still"),
                                           HasSubstr("in the last 50 s"), HasSubstr("rapl.zones"))));
}

TEST_F(StillZonesTest, NothingIsMeasuredWhileAllThatCanBeReadStandStill) {
  steps = {{}, {}, {}};
  Epochs(10);
  EXPECT_THAT(Still(), ElementsAre(true, true, true));
  EXPECT_FALSE(accounts.Measures());
  steps[2] = {1};
  Epoch();
  EXPECT_TRUE(accounts.Measures());
  broken[2] = true;
  Epoch();
  EXPECT_FALSE(accounts.Measures());
}

TEST_F(StillZonesTest, PsysAloneMayStandStill) {
  steps[2] = {};
  Epochs(20);
  EXPECT_THAT(Still(), ElementsAre(false, false, true));
  EXPECT_TRUE(accounts.Measures());
}

TEST_F(StillZonesTest, ACounterThatMovesAgainIsSaidOnceAndMeasured) {
  steps = {{}, {}, {}};
  Epochs(10);
  log.lines.clear();
  steps[0] = {1};
  Epochs(5);
  EXPECT_THAT(Still(), ElementsAre(false, true, true));
  EXPECT_TRUE(accounts.Measures());
  EXPECT_THAT(log.lines, ElementsAre(AllOf(HasSubstr("I rapl: zone package of socket 0"), HasSubstr("moves again"))));
}

TEST_F(StillZonesTest, WhoseCpusAreIdleMayStandStill) {
  steps = {{}, {}, {}};
  epoch.sockets[0].load.busy = Milliseconds(499);
  Epochs(100);
  EXPECT_THAT(Still(), ElementsAre(false, true, true));
}

TEST_F(StillZonesTest, AZoneWhoseSocketHasNoCpuIsJudgedByAllCpus) {
  steps[1] = {};
  epoch.sockets.pop_back();
  Epochs(10);
  EXPECT_THAT(Still(), ElementsAre(false, true, false));
}

TEST_F(StillZonesTest, EpochsInWhichItCannotBeReadSayNothingOfACounter) {
  steps[0] = {};
  Epochs(9);
  broken[0] = true;
  Epochs(20);
  EXPECT_THAT(Still(), ElementsAre(false, false, false));
  EXPECT_TRUE(accounts.Measures());
  broken[0] = false;
  Epoch();
  EXPECT_THAT(Still(), ElementsAre(true, false, false));
}

// Some machine's energy over time, a line through random points.
class Course {
 public:
  explicit Course(std::mt19937_64& random) {
    for (Nanoseconds time; time < Seconds(1000);) {
      points_.emplace_back(time, energy_);
      const Nanoseconds length{1 + random() % 7'000'000'000};
      time += length;
      energy_ += EnergyOf({random() % 900'000'000}, length);
    }
    points_.emplace_back(Seconds(2000), energy_);
  }
  [[nodiscard]] Microjoules At(Nanoseconds time) const {
    const auto next = std::upper_bound(points_.begin(), points_.end() - 1, time,
                                       [](Nanoseconds t, const auto& point) { return t < point.first; });
    const auto last = next - 1;
    return last->second + Microjoules{ScaleDown((next->second - last->second).value, (time - last->first).value,
                                                (next->first - last->first).value)};
  }

 private:
  Microjoules energy_;
  std::vector<std::pair<Nanoseconds, Microjoules>> points_;
};

// Whatever the times of cuts and readings, of samples between epochs, faults, wraps and epochs that could not be read:
// after each Collect that knows the zone, all that was given out is exactly the counter as it stood at the cut, on the
// line between the readings before and after it.
TEST(ZoneAccountsPropertyTest, AllThatIsGivenOutIsTheCounterAtTheCut) {
  std::mt19937_64 random(20'260'101);
  for (int walk = 0; walk < 200; ++walk) {
    const Course course(random);
    const LogLines log;
    ZoneAccounts accounts("rapl", Packages(1), Watts(5000));
    const CounterFacts facts{.max_range = Joules(40'000 + random() % 40'000)};
    const Microjoules start{random() % facts.max_range.value};
    Nanoseconds now = Seconds(1);
    Nanoseconds last_time;
    Microjoules last_total, given;
    bool failed = false;
    const auto sample = [&](bool fail) {
      now += Nanoseconds{random() % (random() % 4 == 0 ? 400'000'000 : 200'000)};
      failed = fail;
      if (fail) {
        accounts.Fail(0, MakeError("broken"));
      } else {
        // The wrapped counter goes on at its range, as in CounterTest.
        accounts.Accept(0, {{(start + course.At(now)).value % facts.max_range.value}, now}, facts);
      }
      accounts.EndSample();
    };
    sample(false);
    last_time = now;
    last_total = course.At(now);
    const Microjoules base = last_total;
    for (int epoch = 0; epoch < 100; ++epoch) {
      for (uint64_t between = random() % 3; between > 0; --between) {
        now += Nanoseconds{random() % 2'000'000'000};
        sample(random() % 4 == 0);
        if (!failed) last_time = now, last_total = course.At(now);
      }
      now += Nanoseconds{random() % 5'000'000'000};
      const Nanoseconds cut = now;
      sample(random() % 5 == 0 && epoch < 99);
      const bool unread = random() % 6 == 0;  // CPU time could not be read, so energy is not asked for
      if (failed) {
        if (!unread) {
          ASSERT_EQ(accounts.Collect({.end = cut}).used[0], std::nullopt);
        }
        continue;
      }
      const Microjoules total = course.At(now);
      const Microjoules at_cut = last_total + Microjoules{ScaleDown((total - last_total).value, (cut - last_time).value,
                                                                    (now - last_time).value)};
      if (!unread) {
        given += *accounts.Collect({.end = cut}).used[0];
        ASSERT_EQ(given, (now == cut ? total : at_cut) - base) << "walk " << walk << ", epoch " << epoch;
      }
      last_time = now;
      last_total = total;
    }
    given += *accounts.Collect({.end = now}).used[0];
    EXPECT_EQ(given, course.At(now) - base);
    EXPECT_EQ(accounts.States()[0].resets, 0u);
  }
}

}  // namespace
}  // namespace brahe::energy
