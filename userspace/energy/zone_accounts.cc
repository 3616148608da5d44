#include "userspace/energy/zone_accounts.h"

#include <algorithm>
#include <set>
#include <utility>

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

ZoneAccounts::ZoneAccounts(std::string meter, std::vector<Zone> zones, Microwatts plausible_power)
    : meter_(std::move(meter)), zones_(std::move(zones)), plausible_power_(plausible_power) {
  for (const Zone& zone : zones_) {
    accounts_.push_back({.ceiling = PowerCeiling(FloorOf(zone, zones_), plausible_power)});
  }
}

std::vector<ZoneStats> ZoneAccounts::Stats() const {
  std::vector<ZoneStats> stats;
  for (const Account& account : accounts_) stats.push_back(account.stats);
  return stats;
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
  if (std::exchange(account.failing, false)) SayReturn(index, last, step);
}

void ZoneAccounts::Fail(size_t index, const Error& error) {
  Account& account = accounts_[index];
  ++account.stats.read_errors;
  account.known = false;
  account.failing = true;
  faults_.Report("read " + std::to_string(index),
                 Describe(index) + " is left out until it can be read: " + error.message);
}

EnergyEpoch ZoneAccounts::Collect(const MeterEpoch& epoch) {
  EnergyEpoch energy;
  for (size_t index = 0; index < accounts_.size(); ++index) {
    Account& account = accounts_[index];
    if (!account.known) {
      energy.used.emplace_back();
      continue;
    }
    energy.used.emplace_back(account.pending.TakeUntil(epoch.end));
    if (account.last->time >= epoch.end) energy.read_lags.push_back(account.last->time - epoch.end);
    WatchForStanding(index, epoch);
  }
  return energy;
}

void ZoneAccounts::WatchForStanding(size_t index, const MeterEpoch& epoch) {
  Account& account = accounts_[index];
  account.watch.Count(std::exchange(account.moved, false), epoch.end - epoch.begin, BusyOf(zones_[index], epoch));
  account.stats.still = account.watch.still();
  const std::string key = "still " + std::to_string(index);
  if (account.stats.still) {
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

std::string ZoneAccounts::Describe(size_t index) const {
  const Zone& zone = zones_[index];
  const std::string socket = zone.socket ? " of socket " + std::to_string(*zone.socket) : "";
  return meter_ + ": zone " + zone.name + socket + " (" + zone.path + ")";
}

std::optional<Microjoules> ZoneAccounts::StepSince(const CounterReading& last, size_t index, const CounterReading& now,
                                                   const CounterFacts& facts) {
  PowerCeiling& ceiling = accounts_[index].ceiling;
  const auto step = StepBetween(
      last, now,
      {.max_range = facts.max_range, .plausible_power = plausible_power_, .wrap_power = ceiling.Of(facts.max_power)});
  if (!step) {
    CountReset(index, last, now);
  } else if (now.energy >= last.energy) {
    ceiling.Observe(*step, now.time - last.time + SuspendedBetween(last, now));
  }
  return step;
}

void ZoneAccounts::CountReset(size_t index, const CounterReading& last, const CounterReading& now) {
  ++accounts_[index].stats.resets;
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
