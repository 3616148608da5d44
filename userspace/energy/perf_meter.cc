#include "userspace/energy/perf_meter.h"

#include <glog/logging.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/energy/zone_names.h"

namespace brahe::energy {
namespace {

// Counts the whole machine, whichever socket it is read from.
constexpr const char* kWholeMachine = "psys";

Error NoneReadable(const Error& why) {
  const char* remedy = IsPermission(why)
                           ? "run as root, grant CAP_PERFMON, or set the sysctl kernel.perf_event_paranoid to 0; a "
                             "container's seccomp profile must allow perf_event_open as well"
                           : "no energy event can be read; see the kernel's log for what the driver of RAPL says";
  return {why.code, why.message + ": " + remedy};
}

}  // namespace

Result<std::unique_ptr<EnergyMeter>> PerfMeter::Open(const MeterOptions& options, const Clock& clock) {
  auto meter = OpenWith(options, clock, OpenPerfCounter);
  if (!meter || static_cast<PerfMeter&>(**meter).Counts()) return meter;
  return MakeError("none of its counters counts, as in a virtual machine that has them for show: " +
                   (*meter)->zones().front().path + " stands still");
}

Result<std::unique_ptr<EnergyMeter>> PerfMeter::OpenWith(const MeterOptions& given, const Clock& clock,
                                                         PerfOpener opener) {
  MeterOptions options = given;
  options.sysfs_root = WithoutSlashAtEnd(given.sysfs_root);
  auto pmus = Scan(options.sysfs_root);
  if (!pmus) return pmus.error();
  if (const Status kept = KeepWanted(options.zones, *pmus); !kept) return kept.error();

  std::vector<PlacedZone> zones = PlaceCores(pmus->cores);
  for (PlacedZone& zone : PlaceZones(pmus->power)) zones.push_back(std::move(zone));
  std::unique_ptr<PerfMeter> meter(new PerfMeter(options, clock, std::move(opener), zones));
  if (const Status opened = meter->OpenAll(*pmus); !opened) return NoneReadable(opened.error());
  for (const Error& error : pmus->power.left_out) LOG(WARNING) << "perf: energy is left out: " << error.message;
  for (const Error& error : pmus->cores.left_out) LOG(WARNING) << "perf: energy is left out: " << error.message;
  return std::unique_ptr<EnergyMeter>(std::move(meter));
}

PerfMeter::PerfMeter(const MeterOptions& options, const Clock& clock, PerfOpener opener,
                     const std::vector<PlacedZone>& zones)
    : sysfs_root_(options.sysfs_root),
      plausible_power_(options.plausible_power),
      clock_(clock),
      opener_(std::move(opener)),
      accounts_("perf", ZonesOf(zones), options.plausible_power, ZoneAccounts::Updates::kAsRapl) {
  for (const PlacedZone& zone : zones) {
    counters_.emplace_back();
    for (const Place& place : zone.places) counters_.back().emplace_back().place = place;
    sums_.emplace_back(zone.places.size());
  }
}

bool PerfMeter::Counts() const {
  constexpr int kLooks = 20;
  for (int look = 0; look < kLooks; ++look) {
    for (const auto& zone : counters_) {
      for (const Counter& counter : zone) {
        const auto count = ReadPerfCounter(counter.fd.get(), counter.name);
        if (count && count->counts > 0) return true;
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

void PerfMeter::Sample() {
  const auto has_lost = [](const std::vector<Counter>& zone) {
    return std::any_of(zone.begin(), zone.end(), [](const Counter& counter) { return !counter.fd.valid(); });
  };
  const bool lost = std::any_of(counters_.begin(), counters_.end(), has_lost);
  const Result<Pmus> pmus = lost ? Scan(sysfs_root_) : Pmus();
  for (size_t i = 0; i < counters_.size(); ++i) {
    if (counters_[i].size() > 1) {
      SampleSum(i, pmus);
    } else {
      SampleOne(i, pmus);
    }
  }
  accounts_.EndSample();
}

void PerfMeter::Resume(const MeterState& state) {
  accounts_.Resume(state, clock_);
  for (size_t i = 0; i < counters_.size(); ++i) accounts_.StartAnew(i);
}

void PerfMeter::SampleOne(size_t index, const Result<Pmus>& pmus) {
  Counter& counter = counters_[index].front();
  if (!counter.fd.valid()) {
    const Status opened = pmus ? OpenCounter(counter, *pmus) : pmus.error();
    if (!opened) {
      accounts_.Fail(index, opened.error());
      return;
    }
    accounts_.StartAnew(index);
  }
  const auto reading = Read(counter);
  if (reading) {
    accounts_.Accept(index, *reading, {});
  } else {
    accounts_.Fail(index, reading.error());
  }
}

void PerfMeter::SampleSum(size_t index, const Result<Pmus>& pmus) {
  CounterSum& sum = sums_[index];
  for (size_t member = 0; member < counters_[index].size(); ++member) {
    Counter& counter = counters_[index][member];
    Status status = counter.fd.valid() ? Status() : pmus ? OpenCounter(counter, *pmus) : pmus.error();
    if (status) {
      const auto reading = Read(counter);
      if (reading) {
        sum.Accept(member, *reading, {.max_range = {}, .plausible_power = plausible_power_, .wrap_power = {}});
        continue;
      }
      status = reading.error();
    }
    sum.Fail(member, status.error());
  }
  accounts_.AcceptSum(index, sum);
}

Result<PerfMeter::Pmus> PerfMeter::Scan(const std::string& sysfs_root) {
  auto power = ScanPowerPmu(sysfs_root);
  if (!power) return power.error();
  Pmus pmus{.power = *std::move(power), .cores = {}};
  auto cores = ScanCorePmu(sysfs_root);
  if (!cores) {
    pmus.power.left_out.push_back(cores.error());
    return pmus;
  }
  const bool has_core = std::any_of(pmus.power.events.begin(), pmus.power.events.end(),
                                    [](const PowerEvent& event) { return event.zone == "core"; });
  if (!has_core) pmus.cores = *std::move(cores);
  return pmus;
}

// Keeps the events whose zones are in `wanted`, all if that is empty.
Status PerfMeter::KeepWanted(const std::vector<std::string>& wanted, Pmus& pmus) {
  std::set<std::string> present;
  for (const PowerPmu* pmu : {&pmus.power, &pmus.cores}) {
    for (const PowerEvent& event : pmu->events) present.insert(event.zone);
  }
  const auto kept = WantedZoneNames("perf", wanted, present);
  if (!kept) return kept.error();
  for (PowerPmu* pmu : {&pmus.power, &pmus.cores}) {
    std::erase_if(pmu->events, [&](const PowerEvent& event) { return !kept->contains(event.zone); });
  }
  return {};
}

// A zone for each event and CPU, those of the whole machine on the first CPU only. Dies of one package differ in their
// paths.
std::vector<PerfMeter::PlacedZone> PerfMeter::PlaceZones(const PowerPmu& pmu) {
  const auto dies = [&](uint32_t socket) {
    return std::count_if(pmu.cpus.begin(), pmu.cpus.end(), [&](const PowerCpu& c) { return c.socket == socket; });
  };
  std::vector<PlacedZone> zones;
  for (const PowerEvent& event : pmu.events) {
    for (const PowerCpu& cpu : pmu.cpus) {
      const Place place{.zone = event.zone, .socket = cpu.socket, .die = cpu.die};
      if (event.zone == kWholeMachine) {
        zones.push_back({.zone = {.name = event.zone, .path = event.path, .socket = {}}, .places = {place}});
        break;
      }
      const std::string die = dies(cpu.socket) > 1 ? ":die-" + std::to_string(cpu.die) : "";
      zones.push_back(
          {.zone = {.name = event.zone, .path = event.path + die, .socket = cpu.socket}, .places = {place}});
    }
  }
  return zones;
}

// A zone for each event and socket, of all its cores.
std::vector<PerfMeter::PlacedZone> PerfMeter::PlaceCores(const PowerPmu& pmu) {
  std::vector<PlacedZone> zones;
  for (const PowerEvent& event : pmu.events) {
    std::map<uint32_t, PlacedZone> sockets;
    for (const PowerCpu& cpu : pmu.cpus) {
      PlacedZone& zone = sockets[cpu.socket];
      zone.zone = {.name = event.zone, .path = event.path, .socket = cpu.socket};
      zone.places.push_back(
          {.zone = event.zone, .socket = cpu.socket, .die = cpu.die, .core = cpu.core, .is_of_cores = true});
    }
    for (auto& [socket, zone] : sockets) zones.push_back(std::move(zone));
  }
  return zones;
}

std::vector<Zone> PerfMeter::ZonesOf(const std::vector<PlacedZone>& placed) {
  std::vector<Zone> zones;
  zones.reserve(placed.size());
  for (const PlacedZone& zone : placed) zones.push_back(zone.zone);
  return zones;
}

// Opens every counter. If none can be read, an Error that tells why: for lack of permission, if that is so for any.
Status PerfMeter::OpenAll(const Pmus& pmus) {
  std::optional<Error> why;
  bool readable = false;
  for (auto& zone : counters_) {
    for (Counter& counter : zone) {
      Status status = OpenCounter(counter, pmus);
      if (status) {
        const auto reading = Read(counter);
        if (!reading) status = reading.error();
      }
      readable = readable || status.has_value();
      if (!status && (!why || IsPermission(status.error()))) why = status.error();
    }
  }
  if (readable) return {};
  return *why;
}

// Opens the counter on the CPU that its place has now; the first CPU of all for the whole machine.
Status PerfMeter::OpenCounter(Counter& counter, const Pmus& pmus) {
  const Place& place = counter.place;
  const PowerPmu& pmu = place.is_of_cores ? pmus.cores : pmus.power;
  const auto event =
      std::find_if(pmu.events.begin(), pmu.events.end(), [&](const PowerEvent& e) { return e.zone == place.zone; });
  if (event == pmu.events.end()) return Error{ENODEV, "the power PMU has no event for it any more"};
  const auto cpu = std::find_if(pmu.cpus.begin(), pmu.cpus.end(), [&](const PowerCpu& c) {
    return place.zone == kWholeMachine || (c.socket == place.socket && c.die == place.die && c.core == place.core);
  });
  if (cpu == pmu.cpus.end()) {
    return Error{ENODEV, std::string("no CPU of its ") + (place.is_of_cores ? "core" : "die") + " is online"};
  }
  auto fd = opener_({.type = pmu.type, .config = event->config, .cpu = cpu->cpu});
  if (!fd) return fd.error();
  counter.fd = *std::move(fd);
  counter.name = event->path + " on CPU " + std::to_string(cpu->cpu);
  counter.scale = event->scale;
  counter.enabled = {};
  counter.enabled_at = clock_.Now();
  return {};
}

Result<CounterReading> PerfMeter::Read(Counter& counter) {
  auto reading = ReadOpenCounter(counter);
  if (!reading) counter.fd.Reset();
  return reading;
}

Result<CounterReading> PerfMeter::ReadOpenCounter(Counter& counter) {
  const Nanoseconds before = clock_.Now();
  const auto count = ReadPerfCounter(counter.fd.get(), counter.name);
  if (!count) return count.error();
  const Nanoseconds now = clock_.Now();
  // The last CPU of a die takes its counters along: they can still be read, but never count again.
  constexpr Nanoseconds kStopped = Milliseconds(100);
  if (count->enabled > counter.enabled) {
    counter.enabled = count->enabled;
    counter.enabled_at = now;
  } else if (now - counter.enabled_at > kStopped) {
    return Error{ENODEV, "read " + counter.name + ": it has stopped counting, as when its CPU goes offline"};
  }
  const auto energy = counter.scale.EnergyOf(count->counts);
  if (!energy) return MakeError("read " + counter.name + ": impossible count " + std::to_string(count->counts));
  return CounterReading{.energy = *energy, .time = MiddleOf(before, now), .suspended = clock_.Suspended()};
}

}  // namespace brahe::energy
