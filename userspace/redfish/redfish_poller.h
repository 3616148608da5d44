#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/fault_log.h"
#include "userspace/base/units.h"
#include "userspace/fetch/fetch_failure.h"
#include "userspace/redfish/bmc_config.h"
#include "userspace/redfish/poll_schedule.h"
#include "userspace/redfish/power_readings.h"

namespace brahe::redfish {

// What a BMC has told.
struct PollerFigures {
  std::string bmc_id = {};                  // empty: there is no BMC for this node
  std::vector<PowerReading> readings = {};  // of the last round that told of any, unless it is too old
  std::optional<Nanoseconds> age = {};      // of that round, however old
  uint64_t rounds = 0;
  std::map<fetch::FetchCause, uint64_t> failures = {};  // resources that could not be read
};

struct PollerOptions {
  PollPace pace = {};
  Nanoseconds timeout = Seconds(5);  // of one request
};

// Makes what reads the power of a BMC. `cancelled` may be asked for as long as that lives, and tells it to be done.
using MakePowerSource = std::function<std::unique_ptr<PowerSource>(
    const BmcAccess& bmc, const PollerOptions& options, const std::function<bool()>& cancelled, const Clock& clock)>;

// The one that asks the BMC.
std::unique_ptr<PowerSource> MakeBmcSource(const BmcAccess& bmc, const PollerOptions& options,
                                           const std::function<bool()>& cancelled, const Clock& clock);

// Asks a BMC again and again for its power, in a thread of its own that nobody waits for. A reading counts for three
// intervals, or for three times as long as its round took, and then no more: none is better than an old one. Makes,
// starts and stops: one thread; the rest: any.
class RedfishPoller {
 public:
  // `clock` must outlive it.
  explicit RedfishPoller(const PollerOptions& options, MakePowerSource make = MakeBmcSource,
                         const Clock& clock = SystemClock());
  ~RedfishPoller() { Stop(); }

  void Start();
  // Breaks off what is asked and logs out, which takes two seconds at most.
  void Stop();
  // From now on, this BMC is asked, and at once, also if it was before; nullopt: none. What the same BMC told of stays
  // until it is too old.
  void Ask(std::optional<BmcAccess> bmc);

  [[nodiscard]] PollerFigures Figures() const;

 private:
  void Run();
  // Waits for `instant`, at most: until there is another BMC, or it is to stop.
  void WaitUntil(std::optional<Nanoseconds> instant);
  void Take(PowerRound round, Nanoseconds began);
  void Log(const PowerRound& round);
  [[nodiscard]] bool IsCancelled() const;

  const PollerOptions options_;
  const MakePowerSource make_;
  const Clock& clock_;

  // Of the thread.
  std::unique_ptr<PowerSource> source_;
  Nanoseconds due_;
  PollSchedule schedule_;
  std::mt19937_64 random_{std::random_device()()};
  FaultLog faults_;
  std::set<std::string> said_;  // keys of faults that last

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<BmcAccess> bmc_;
  bool renewed_ = false;  // `bmc_` is another than that of source_
  bool stopping_ = false;
  PollerFigures figures_;  // without age
  Nanoseconds read_at_;    // when the round of the readings began
  Nanoseconds good_for_;

  std::thread thread_;
};

}  // namespace brahe::redfish
