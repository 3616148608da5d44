// Random counters through the arithmetic that all meters share, against a truth that the test keeps by itself.
// Argument: how many steps; ten million without.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/fake_clock.h"
#include "userspace/energy/counter_sum.h"
#include "userspace/energy/energy_scale.h"
#include "userspace/energy/meter_state.h"
#include "userspace/energy/msr_registers.h"
#include "userspace/energy/zone_accounts.h"

namespace brahe::energy {
namespace {

uint64_t steps = 10'000'000;

// splitmix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  // Below `bound`.
  uint64_t Below(uint64_t bound) {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % bound;
  }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

// A counter of 32 bits with its faults, and what of its energy can be known.
class FaultyCounter {
 public:
  FaultyCounter(EnergyScale scale, Random& random)
      : scale_(scale), random_(random), counts_(random.Below(1ULL << 32)) {}

  // Runs for a while at up to 250 W, or stalls.
  void Run(Nanoseconds time) {
    if (random_.OneIn(32)) stalled_ = random_.Below(20);
    if (stalled_ > 0) {
      --stalled_;
      return;
    }
    const Microwatts power = {random_.Below(Watts(250).value)};
    counts_ += ScaleDown(EnergyOf(power, time).value, scale_.denominator, scale_.numerator);
  }
  // Sets it back; but not where that could not be told from a wrap, or from nothing at all.
  void Reset() {
    const uint64_t last = last_ % kRegisterCounts;
    if (last < kRegisterCounts / 4 || last > kRegisterCounts / 10 * 9) return;
    counts_ = random_.Below(1 << 20);
    is_broken_ = true;
    ++resets_;
  }
  void Suspend() { was_suspended_ = true; }
  // The energy since the last reading will never be known.
  void Forget() { is_broken_ = true; }

  // What a reading shows.
  uint64_t Read() {
    const bool wrapped = !is_broken_ && counts_ / kRegisterCounts != last_ / kRegisterCounts;
    if (wrapped) ++wraps_;
    // A counter that fell while the machine slept tells nothing.
    if (is_broken_ || (wrapped && was_suspended_)) {
      ++breaks_;
    } else {
      known_ += counts_ - last_;
    }
    last_ = counts_;
    is_broken_ = was_suspended_ = false;
    return counts_ % kRegisterCounts;
  }

  [[nodiscard]] Microjoules known() const { return *scale_.EnergyOf(known_); }
  [[nodiscard]] uint64_t wraps() const { return wraps_; }
  [[nodiscard]] uint64_t breaks() const { return breaks_; }
  [[nodiscard]] uint64_t resets() const { return resets_; }

 private:
  const EnergyScale scale_;
  Random& random_;
  uint64_t counts_;        // as if it had more than 32 bits
  uint64_t last_ = 0;      // counts_ when it was read
  uint64_t known_ = 0;     // counts that readings tell of
  bool is_broken_ = true;  // nothing is known since the last reading
  bool was_suspended_ = false;
  uint64_t stalled_ = 0, wraps_ = 0, breaks_ = 0, resets_ = 0;
};

struct Machine {
  EnergyScale scale;
  Microjoules range;      // what the meter is told
  uint64_t short_by = 0;  // microjoules that it may lose in a wrap
  uint64_t members = 1;
  bool starts_anew = false;  // after a loss, as perf's counters do
  const char* name;
};

// Runs `count` steps of one zone.
class ZoneRun {
 public:
  ZoneRun(const Machine& machine, uint64_t seed) : machine_(machine), random_(seed), sum_(machine.members) {
    MakeAccounts();
    for (uint64_t i = 0; i < machine.members; ++i) counters_.emplace_back(machine.scale, random_);
  }

  void Steps(uint64_t count) {
    for (uint64_t i = 0; i < count && !has_failed_; ++i) {
      Step();
      if (i % 1000 == 999) Close();
    }
    Close();
  }
  [[nodiscard]] uint64_t wraps() const {
    uint64_t wraps = 0;
    for (const FaultyCounter& counter : counters_) wraps += counter.wraps();
    return wraps;
  }
  [[nodiscard]] uint64_t resets() const {
    uint64_t resets = 0;
    for (const FaultyCounter& counter : counters_) resets += counter.resets();
    return resets;
  }
  [[nodiscard]] uint64_t losses() const { return losses_; }
  [[nodiscard]] uint64_t suspensions() const { return suspensions_; }
  [[nodiscard]] uint64_t restarts() const { return restarts_; }
  [[nodiscard]] uint64_t seen_resets() const { return accounts_->States()[0].resets; }

 private:
  void Step() {
    const Nanoseconds time = {1'000'000 + random_.Below(Seconds(5).value)};
    now_ += time;
    for (FaultyCounter& counter : counters_) counter.Run(time);
    if (random_.OneIn(4096)) counters_[random_.Below(counters_.size())].Reset();
    if (random_.OneIn(1024)) Suspend();
    if (random_.OneIn(4096)) Restart();
    if (machine_.members > 1) {
      SampleSum();
    } else {
      Sample();
    }
    accounts_->EndSample();
    if (random_.OneIn(4)) return;  // several readings in an epoch
    // A cut some time before the reading.
    Collect(now_ - Nanoseconds{random_.Below(time.value)});
  }

  void Suspend() {
    ++suspensions_;
    suspended_ += Seconds(1 + random_.Below(100'000));
    for (FaultyCounter& counter : counters_) counter.Suspend();
    if (random_.OneIn(4)) counters_.front().Reset();
  }

  void MakeAccounts() {
    accounts_ = std::make_unique<ZoneAccounts>("test", std::vector<Zone>{{.name = "package", .path = "p", .socket = 0}},
                                               Watts(5000));
  }

  // Another process goes on from what this one knows.
  void Restart() {
    ++restarts_;
    FakeClock clock(now_);
    clock.Suspend(suspended_);
    const MeterState state = accounts_->State();
    MakeAccounts();
    accounts_->Resume(state, clock);
    if (machine_.members == 1 && !machine_.starts_anew) return;
    accounts_->StartAnew(0);
    sum_ = CounterSum(machine_.members);
    for (FaultyCounter& counter : counters_) counter.Forget();
  }

  CounterReading Read(FaultyCounter& counter) {
    return {.energy = *machine_.scale.EnergyOf(counter.Read()), .time = now_, .suspended = suspended_};
  }

  void Sample() {
    const bool was_lost = std::exchange(is_lost_, random_.OneIn(24));
    if (is_lost_) {
      ++losses_;
      accounts_->Fail(0, SystemError("read p", EIO));
    } else {
      if (was_lost && machine_.starts_anew) {
        accounts_->StartAnew(0);
        counters_.front().Forget();
      }
      accounts_->Accept(0, Read(counters_.front()), {.max_range = machine_.range});
    }
  }

  void SampleSum() {
    is_lost_ = random_.OneIn(512);
    for (size_t member = 0; member < counters_.size(); ++member) {
      if (is_lost_ || random_.OneIn(24)) {
        ++losses_;
        sum_.Fail(member, SystemError("read p", ENXIO));
        counters_[member].Forget();
      } else {
        sum_.Accept(member, Read(counters_[member]),
                    {.max_range = machine_.range, .plausible_power = Watts(5000), .wrap_power = Watts(1000)});
      }
    }
    accounts_->AcceptSum(0, sum_);
  }

  // False if the zone's energy is not known.
  bool Collect(Nanoseconds end) {
    const auto used = accounts_->Collect({.begin = {}, .end = end}).used.front();
    if (!used) return false;
    const Microjoules before = total_;
    total_ += *used;
    if (total_ < before) Fail("the total fell from", before.value);
    const auto [known, doubt] = Known();
    if (total_.value > known.value + doubt) {
      Fail("more was given than is known:", known.value);
    }
    return true;
  }

  // Everything that can be known has been given now.
  void Close() {
    if (!Collect(now_)) return;
    const auto [known, doubt] = Known();
    if (total_.value + doubt < known.value) {
      Fail("less was given than is known:", known.value);
    }
  }

  void Fail(const char* what, uint64_t amount) {
    has_failed_ = true;
    ADD_FAILURE() << machine_.name << ": " << total_.value << " uJ; " << what << " " << amount;
  }

  struct Truth {
    Microjoules known;
    uint64_t doubt = 0;  // microjoules
  };
  // One microjoule is in doubt by rounding for each stretch of readings, and a count for each wrap of a counter whose
  // modulus is not told.
  [[nodiscard]] Truth Known() const {
    Truth truth;
    for (const FaultyCounter& counter : counters_) {
      truth.known += counter.known();
      truth.doubt += 1 + counter.breaks() + counter.wraps() * machine_.short_by;
    }
    return truth;
  }

  const Machine machine_;
  Random random_;
  Nanoseconds now_ = Seconds(1000), suspended_;
  std::vector<FaultyCounter> counters_;
  std::unique_ptr<ZoneAccounts> accounts_;
  CounterSum sum_;
  Microjoules total_;
  bool is_lost_ = false;
  bool has_failed_ = false;  // once is enough to be said
  uint64_t losses_ = 0, suspensions_ = 0, restarts_ = 0;
};

TEST(CounterSteps, TotalsNeverFallAndAreTheTruthButForOneCountOfEachWrapThatIsNotTold) {
  constexpr EnergyScale kIntel = {1'000'000, 1 << 14}, kAmd = {1'000'000, 1 << 16};
  const std::vector<Machine> machines = {
      {.scale = kIntel, .range = *kIntel.EnergyOf(kRegisterCounts - 1), .short_by = 62, .name = "powercap"},
      {.scale = kIntel, .range = *kIntel.EnergyOf(kRegisterCounts), .short_by = 0, .name = "msr"},
      {.scale = kAmd, .range = *kAmd.EnergyOf(kRegisterCounts), .short_by = 0, .starts_anew = true, .name = "anew"},
      {.scale = kAmd, .range = *kAmd.EnergyOf(kRegisterCounts), .short_by = 0, .members = 3, .name = "sum of cores"},
  };
  for (const Machine& machine : machines) {
    ZoneRun run(machine, 7);
    run.Steps(steps / machines.size());
    EXPECT_GT(run.wraps(), steps / 10'000) << machine.name;
    EXPECT_GT(run.losses(), steps / 100) << machine.name;
    EXPECT_GE(run.seen_resets(), run.resets() / 2) << machine.name;
    EXPECT_GT(run.suspensions(), steps / 10'000) << machine.name;
    EXPECT_GT(run.restarts(), steps / 50'000) << machine.name;
    EXPECT_GT(run.resets(), steps / 50'000) << machine.name;
  }
}

}  // namespace
}  // namespace brahe::energy

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1) brahe::energy::steps = std::strtoull(argv[1], nullptr, 10);
  return RUN_ALL_TESTS();
}
