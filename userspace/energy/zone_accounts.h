#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/fault_log.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/energy/counter.h"
#include "userspace/energy/counter_sum.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/meter_state.h"
#include "userspace/energy/pending_energy.h"
#include "userspace/energy/power_ceiling.h"
#include "userspace/energy/still_watch.h"
#include "userspace/energy/zone.h"

namespace brahe::energy {

// What the driver of a counter says of it. 0: nothing.
struct CounterFacts {
  Microjoules max_range = {};  // as in CounterLimits
  Microwatts max_power = {};   // of the zone, without short peaks
};

// Makes epochs of the readings of cumulative counters, one a zone, for a meter that reads such. Each reading has its
// own time, after the cut that ends the epoch; see PendingEnergy for what of it the epoch gets.
//
// A counter that stands still while its CPUs work (see StillWatch) is said once, and once when it moves again.
//
// A reading that fails is counted and said once. When the zone is back, all energy since its last good reading belongs
// to that epoch, and one line says so. Until then Collect gives nullopt for it, and so it does for a zone that was
// never readable before this epoch's last sample: of its energy nothing is known yet. A reset is counted, and the time
// it hid is charged 0; the epoch's other steps stay.
//
// After Resume the readings go on from those of another process. Where a counter may have gone around more than once
// since the last reading, at the most power that the zone can have, that is said once: it is charged as if it had not.
// Not thread-safe.
class ZoneAccounts {
 public:
  // How counters move, as far as it tells how far a reading may be off.
  enum class Updates : uint8_t { kUnknown, kAsRapl };

  // `meter` is the source of its zones, and begins each line of the log.
  ZoneAccounts(std::string meter, std::vector<Zone> zones, Microwatts plausible_power,
               Updates updates = Updates::kUnknown);

  [[nodiscard]] const std::vector<Zone>& zones() const { return zones_; }
  [[nodiscard]] std::vector<ZoneState> States() const;
  // False while counters stand still and no other can be read.
  [[nodiscard]] bool Measures() const;

  // A sample is one Accept or Fail for each zone, and then EndSample.
  void Accept(size_t index, const CounterReading& reading, const CounterFacts& facts);
  void Fail(size_t index, const Error& error);
  // Accept or Fail of what `sum` has sampled. Members that could not be read are said once, and once when all are back.
  void AcceptSum(size_t index, CounterSum& sum);
  void EndSample() { sampled_ = true; }
  // The zone has another counter from now on, which says nothing of the time since the last reading.
  void StartAnew(size_t index) { accounts_[index].last.reset(); }
  EnergyEpoch Collect(const MeterEpoch& epoch);

  // As EnergyMeter's. What `state` cannot know by the time that `clock` shows is left out. A zone whose counter begins
  // with the process is to StartAnew after Resume.
  [[nodiscard]] MeterState State() const;
  void Resume(const MeterState& state, const Clock& clock);

  // The zone in words, for a line of the log.
  [[nodiscard]] std::string Describe(size_t index) const { return energy::Describe(meter_, zones_[index]); }

 private:
  struct Account {
    PowerCeiling ceiling;
    std::optional<CounterReading> last = {};  // the last good reading
    PendingEnergy pending = {};               // for the next Collect that knows the zone
    bool known = false;                       // the last sample told what the zone used
    bool failing = false;
    bool moved = false;  // or not known to stand, since the last Collect that knew the zone
    StillWatch watch = {};
    ZoneState state;
    std::optional<Nanoseconds> before = {};   // the last reading of the process before
    bool begins = false;                      // its first reading since Resume knows nothing of the time before
    std::optional<Nanoseconds> missing = {};  // from `before` to that reading
  };

  // What was used since `last`; nullopt: the counter was reset, which is counted.
  std::optional<Microjoules> StepSince(const CounterReading& last, size_t index, const CounterReading& now,
                                       const CounterFacts& facts);
  [[nodiscard]] bool CanBe(const MeterZoneState& state, const Clock& clock) const;
  void SayUncounted();
  void WatchForTurns(size_t index, Nanoseconds elapsed, const CounterFacts& facts);
  void WatchForStanding(size_t index, const MeterEpoch& epoch);
  void CountReset(size_t index, const CounterReading& last, const CounterReading& now);
  void SayReturn(size_t index, const std::optional<CounterReading>& last, const std::optional<Microjoules>& step);

  const std::string meter_;
  const std::vector<Zone> zones_;
  const Microwatts plausible_power_;
  const Updates updates_;
  std::vector<Account> accounts_;  // by zone
  bool sampled_ = false;
  bool resuming_ = false;  // no epoch was collected since Resume
  FaultLog faults_;
};

}  // namespace brahe::energy
