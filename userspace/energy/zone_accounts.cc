#include "userspace/energy/zone_accounts.h"

#include <glog/logging.h>

#include <algorithm>
#include <set>
#include <utility>

#include "userspace/energy/update_jitter.h"

namespace brahe::energy {
namespace {

// Twice of what today's largest processors use. Of the whole machine: as if it had two at least.
Microwatts FloorOf(const Zone& zone, const std::vector<Zone>& zones) {
  constexpr Microwatts kSocketFloor = Watts(1000);
  if (zone.socket) return kSocketFloor;
  std::set<uint32_t> sockets;
  for (const Zone& other : zones) {
    if (other.socket) sockets.insert(*other.socket);
  }
  return kSocketFloor * std::max<size_t>(2, sockets.size());
}

// CPU time of the CPUs that the zone measures; of all, where none is known to be of its socket.
Nanoseconds BusyOf(const Zone& zone, const MeterEpoch& epoch) {
  if (!zone.socket) return epoch.load.busy;
  const auto socket = std::find_if(epoch.sockets.begin(), epoch.sockets.end(),
                                   [&](const SocketLoad& load) { return load.socket == *zone.socket; });
  return socket != epoch.sockets.end() ? socket->load.busy : epoch.load.busy;
}

}  // namespace

ZoneAccounts::ZoneAccounts(std::string meter, std::vector<Zone> zones, Microwatts plausible_power, Updates updates)
    : meter_(std::move(meter)), zones_(std::move(zones)), plausible_power_(plausible_power), updates_(updates) {
  for (const Zone& zone : zones_) {
    accounts_.push_back({.ceiling = PowerCeiling(FloorOf(zone, zones_), plausible_power), .state = {.source = meter_}});
  }
}

std::vector<ZoneState> ZoneAccounts::States() const {
  const bool measured = Measures();
  std::vector<ZoneState> states;
  for (const Account& account : accounts_) {
    states.push_back(account.state);
    states.back().measured = measured;
  }
  return states;
}

bool ZoneAccounts::Measures() const {
  const auto is_still = [](const Account& account) { return account.watch.still(); };
  const auto is_measured = [&](const Account& account) { return !account.failing && !is_still(account); };
  return std::none_of(accounts_.begin(), accounts_.end(), is_still) ||
         std::any_of(accounts_.begin(), accounts_.end(), is_measured);
}

void ZoneAccounts::Accept(size_t index, const CounterReading& reading, const CounterFacts& facts) {
  Account& account = accounts_[index];
  const std::optional<CounterReading> last = std::exchange(account.last, reading);
  std::optional<Microjoules> step;
  account.moved = account.moved || !last || reading.energy != last->energy;
  if (last) {
    step = StepSince(*last, index, reading, facts);
    account.pending.Add(step.value_or(Microjoules{}), last->time, reading.time);
  }
  account.known = last || !sampled_;
  if (resuming_ && !last) {
    account.begins = true;
    if (account.before) account.missing = reading.time - *account.before;
  }
  if (std::exchange(account.failing, false)) SayReturn(index, last, step);
}

void ZoneAccounts::Fail(size_t index, const Error& error) {
  Account& account = accounts_[index];
  ++account.state.read_errors;
  account.known = false;
  account.failing = true;
  faults_.Report("read " + std::to_string(index),
                 Describe(index) + " is left out until it can be read: " + error.message);
}

void ZoneAccounts::AcceptSum(size_t index, CounterSum& sum) {
  const auto reading = sum.Take();
  accounts_[index].state.resets += sum.TakeResets();
  if (!reading) {
    Fail(index, reading.error());
    return;
  }
  Accept(index, *reading, {});
  const std::string key = "missing " + std::to_string(index);
  if (const auto missing = sum.Missing()) {
    faults_.Report(key, Describe(index) + " is short of some of its energy: " + *missing);
  } else {
    faults_.Clear(key, Describe(index) + " has all of its counters again");
  }
}

EnergyEpoch ZoneAccounts::Collect(const MeterEpoch& epoch) {
  EnergyEpoch energy;
  for (size_t index = 0; index < accounts_.size(); ++index) {
    Account& account = accounts_[index];
    const bool begins = std::exchange(account.begins, false);
    if (!account.known || begins) {
      energy.used.emplace_back();
      continue;
    }
    energy.used.emplace_back(account.pending.TakeUntil(epoch.end));
    if (updates_ == Updates::kAsRapl) account.state.uncertainty_ppm = UpdateJitterPpm(epoch.end - epoch.begin);
    if (account.last->time >= epoch.end) energy.read_lags.push_back(account.last->time - epoch.end);
    WatchForStanding(index, epoch);
  }
  if (std::exchange(resuming_, false)) SayUncounted();
  return energy;
}

MeterState ZoneAccounts::State() const {
  MeterState state;
  for (size_t index = 0; index < accounts_.size(); ++index) {
    const Account& account = accounts_[index];
    state.zones.push_back({.source = meter_,
                           .zone = zones_[index],
                           .last = account.last,
                           .pending = account.pending.values(),
                           .observed_power = account.ceiling.observed(),
                           .watch = account.watch.values(),
                           .moved = account.moved,
                           .read_errors = account.state.read_errors,
                           .resets = account.state.resets,
                           .power = {},
                           .remainder = 0});
  }
  return state;
}

void ZoneAccounts::Resume(const MeterState& state, const Clock& clock) {
  const std::vector<const MeterZoneState*> found = FindZones(meter_, zones_, state);
  for (size_t index = 0; index < accounts_.size(); ++index) {
    if (found[index] == nullptr) continue;
    const MeterZoneState& before = *found[index];
    if (!CanBe(before, clock)) {
      LOG(WARNING) << Describe(index) << ": what was kept of it over the restart cannot be; it is counted anew";
      continue;
    }
    Account& account = accounts_[index];
    account.ceiling.set_observed(before.observed_power);
    account.last = before.last;
    account.pending = PendingEnergy(before.pending);
    account.moved = before.moved;
    account.watch = StillWatch(before.watch);
    account.state.read_errors = before.read_errors;
    account.state.resets = before.resets;
    account.state.still = account.watch.still();
    if (before.last) account.before = before.last->time;
  }
  sampled_ = true;
  resuming_ = true;
}

// Whether it may be from this boot, by its instants and by what a zone can have used since.
bool ZoneAccounts::CanBe(const MeterZoneState& state, const Clock& clock) const {
  constexpr Nanoseconds kInexact = Seconds(1);
  const Nanoseconds now = clock.Now(), suspended = clock.Suspended() + kInexact;
  if (state.last && (state.last->time > now || state.last->suspended > suspended)) return false;
  const auto& [older, last, begin, end] = state.pending;
  const Microjoules most = EnergyOf(plausible_power_, now + suspended);
  return begin <= end && end <= now && older <= most && last <= most - older;
}

void ZoneAccounts::SayUncounted() {
  Nanoseconds longest;
  std::set<std::string> names;
  for (size_t index = 0; index < accounts_.size(); ++index) {
    const auto missing = std::exchange(accounts_[index].missing, std::nullopt);
    if (!missing) continue;
    longest = std::max(longest, *missing);
    names.insert(zones_[index].name);
  }
  if (names.empty()) return;
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  LOG(WARNING) << meter_ << ": the energy of the " << longest.value / Seconds(1).value
               << " s in which no exporter ran is not counted for " << list << ": nothing counts it then";
}

void ZoneAccounts::WatchForStanding(size_t index, const MeterEpoch& epoch) {
  Account& account = accounts_[index];
  account.watch.Count(std::exchange(account.moved, false), epoch.end - epoch.begin, BusyOf(zones_[index], epoch));
  account.state.still = account.watch.still();
  const std::string key = "still " + std::to_string(index);
  if (account.state.still) {
    faults_.Report(key, Describe(index) + " stands still: its CPUs were busy in the last " +
                            std::to_string(account.watch.time().value / Seconds(1).value) +
                            " s, but its counter did not move, so that its energy is not measured. Virtual machines " +
                            "and firmware may show counters that do not count; leave the zone out by " +
                            (meter_ == "hwmon" ? "experimental.hwmon.zones" : "rapl.zones") +
                            ", or choose another meter, such as model, in cpu.preferredMeters");
  } else {
    faults_.Clear(key, Describe(index) + " moves again; its energy is measured from now on");
  }
}

std::optional<Microjoules> ZoneAccounts::StepSince(const CounterReading& last, size_t index, const CounterReading& now,
                                                   const CounterFacts& facts) {
  PowerCeiling& ceiling = accounts_[index].ceiling;
  const auto step = StepBetween(
      last, now,
      {.max_range = facts.max_range, .plausible_power = plausible_power_, .wrap_power = ceiling.Of(facts.max_power)});
  if (step) WatchForTurns(index, now.time > last.time ? now.time - last.time : Nanoseconds{}, facts);
  if (!step) {
    CountReset(index, last, now);
  } else if (now.energy >= last.energy) {
    ceiling.Observe(*step, now.time - last.time + SuspendedBetween(last, now));
  }
  return step;
}

void ZoneAccounts::WatchForTurns(size_t index, Nanoseconds elapsed, const CounterFacts& facts) {
  if (facts.max_range.value == 0) return;
  const Microwatts most = accounts_[index].ceiling.Of(facts.max_power);
  if (elapsed <= Nanoseconds{ScaleDown(facts.max_range.value, Seconds(1).value, most.value)}) return;
  faults_.Report("turns " + std::to_string(index),
                 Describe(index) + " was not read for " + std::to_string(elapsed.value / Seconds(1).value) +
                     " s, in which its counter may have gone around: whole turns of " +
                     std::to_string(facts.max_range.value) + " uJ may be missing; further times are not said");
}

void ZoneAccounts::CountReset(size_t index, const CounterReading& last, const CounterReading& now) {
  ++accounts_[index].state.resets;
  faults_.Report("reset " + std::to_string(index),
                 Describe(index) + " was reset, from " + std::to_string(last.energy.value) + " to " +
                     std::to_string(now.energy.value) + " uJ; further resets are only counted");
}

void ZoneAccounts::SayReturn(size_t index, const std::optional<CounterReading>& last,
                             const std::optional<Microjoules>& step) {
  std::string since = "its energy is counted from now on";
  if (last) {
    since = "in the " + std::to_string((accounts_[index].last->time - last->time).value / Seconds(1).value) +
            " s since its last good reading " +
            (step ? "it used " + std::to_string(step->value) + " uJ, charged to this epoch" : "it was reset");
  }
  faults_.Clear("read " + std::to_string(index), Describe(index) + " can be read again; " + since);
}

}  // namespace brahe::energy
