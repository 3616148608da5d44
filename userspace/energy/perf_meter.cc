#include "userspace/energy/perf_meter.h"

#include <glog/logging.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
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

// Keeps the events whose zones are in `wanted`, all if that is empty.
Status KeepWanted(const std::vector<std::string>& wanted, std::vector<PowerEvent>& events) {
  std::set<std::string> present;
  for (const PowerEvent& event : events) present.insert(event.zone);
  const auto kept = WantedZoneNames("perf", wanted, present);
  if (!kept) return kept.error();
  std::erase_if(events, [&](const PowerEvent& event) { return !kept->contains(event.zone); });
  return {};
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
  auto pmu = ScanPowerPmu(options.sysfs_root);
  if (!pmu) return pmu.error();
  if (const Status kept = KeepWanted(options.zones, pmu->events); !kept) return kept.error();

  std::unique_ptr<PerfMeter> meter(new PerfMeter(options, clock, std::move(opener), PlaceZones(*pmu)));
  if (const Status opened = meter->OpenAll(*pmu); !opened) return NoneReadable(opened.error());
  for (const Error& error : pmu->left_out) LOG(WARNING) << "perf: energy is left out: " << error.message;
  return std::unique_ptr<EnergyMeter>(std::move(meter));
}

PerfMeter::PerfMeter(const MeterOptions& options, const Clock& clock, PerfOpener opener,
                     const std::vector<PlacedZone>& zones)
    : sysfs_root_(options.sysfs_root),
      clock_(clock),
      opener_(std::move(opener)),
      accounts_("perf", ZonesOf(zones), options.plausible_power) {
  for (const PlacedZone& zone : zones) counters_.emplace_back().place = zone.place;
}

bool PerfMeter::Counts() const {
  constexpr int kLooks = 20;
  for (int look = 0; look < kLooks; ++look) {
    for (const Counter& counter : counters_) {
      const auto count = ReadPerfCounter(counter.fd.get(), counter.name);
      if (count && count->counts > 0) return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

void PerfMeter::Sample() {
  const bool lost = std::any_of(counters_.begin(), counters_.end(), [](const auto& c) { return !c.fd.valid(); });
  const Result<PowerPmu> pmu = lost ? ScanPowerPmu(sysfs_root_) : PowerPmu();
  for (size_t i = 0; i < counters_.size(); ++i) {
    Counter& counter = counters_[i];
    if (!counter.fd.valid()) {
      const Status opened = pmu ? OpenCounter(counter, *pmu) : pmu.error();
      if (!opened) {
        accounts_.Fail(i, opened.error());
        continue;
      }
      accounts_.StartAnew(i);
    }
    const auto reading = Read(counter);
    if (reading) {
      accounts_.Accept(i, *reading, {});
    } else {
      accounts_.Fail(i, reading.error());
    }
  }
  accounts_.EndSample();
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
        zones.push_back({.zone = {.name = event.zone, .path = event.path, .socket = {}}, .place = place});
        break;
      }
      const std::string die = dies(cpu.socket) > 1 ? ":die-" + std::to_string(cpu.die) : "";
      zones.push_back({.zone = {.name = event.zone, .path = event.path + die, .socket = cpu.socket}, .place = place});
    }
  }
  return zones;
}

std::vector<Zone> PerfMeter::ZonesOf(const std::vector<PlacedZone>& placed) {
  std::vector<Zone> zones;
  for (const PlacedZone& zone : placed) zones.push_back(zone.zone);
  return zones;
}

// Opens every counter. If none can be read, an Error that tells why: for lack of permission, if that is so for any.
Status PerfMeter::OpenAll(const PowerPmu& pmu) {
  std::optional<Error> why;
  bool readable = false;
  for (Counter& counter : counters_) {
    Status status = OpenCounter(counter, pmu);
    if (status) {
      const auto reading = Read(counter);
      if (!reading) status = reading.error();
    }
    readable = readable || status.has_value();
    if (!status && (!why || IsPermission(status.error()))) why = status.error();
  }
  if (readable) return {};
  return *why;
}

// Opens the counter on the CPU that its place has now; the first CPU of all for the whole machine.
Status PerfMeter::OpenCounter(Counter& counter, const PowerPmu& pmu) {
  const Place& place = counter.place;
  const auto event =
      std::find_if(pmu.events.begin(), pmu.events.end(), [&](const PowerEvent& e) { return e.zone == place.zone; });
  if (event == pmu.events.end()) return Error{ENODEV, "the power PMU has no event for it any more"};
  const auto cpu = std::find_if(pmu.cpus.begin(), pmu.cpus.end(), [&](const PowerCpu& c) {
    return place.zone == kWholeMachine || (c.socket == place.socket && c.die == place.die);
  });
  if (cpu == pmu.cpus.end()) return Error{ENODEV, "no CPU of its die is online"};
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
