#include "userspace/check/observe.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/check/imbalances.h"
#include "userspace/check/probe.h"
#include "userspace/cpu/procfs_scanner.h"
#include "userspace/cpu/procfs_view.h"
#include "userspace/monitor/energy_origin.h"

namespace brahe::check {
namespace {

constexpr Nanoseconds kEpoch = Seconds(1);
constexpr Nanoseconds kProbeTime = Milliseconds(300);

using Snapshot = std::shared_ptr<const monitor::Snapshot>;

uint64_t TicksPerSecond() { return static_cast<uint64_t>(sysconf(_SC_CLK_TCK)); }

uint64_t OwnResidentBytes() {
  const auto text = ReadFile("/proc/self/stat");
  ProcessStat stat;
  if (!text || !ParseProcessStat(*text, stat)) return 0;
  return stat.resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// What PROCFS says at one moment.
struct Look {
  cpu::ProcfsScan scan;
  Nanoseconds at, took;
};

Result<Look> LookAt(cpu::ProcfsScanner& scanner, const Clock& clock) {
  Look look{.scan = {}, .at = clock.Now(), .took = {}};
  if (const Status scanned = scanner.Scan(look.scan); !scanned) return scanned.error();
  look.took = clock.Now() - look.at;
  return look;
}

// Until `instant`, minding what may not wait for the end of the epoch. True: an epoch should be made at once.
bool WaitUntil(Nanoseconds instant, monitor::EpochRunner& runner, const Clock& clock) {
  for (Nanoseconds now = clock.Now(); now < instant; now = clock.Now()) {
    Nanoseconds until = instant;
    if (const auto due = runner.SampleDue()) until = std::min(until, *due);
    pollfd source{.fd = runner.WakeFd(), .events = POLLIN, .revents = 0};
    const uint64_t ms = until > now ? (until - now).value / 1'000'000 + 1 : 0;
    if (poll(&source, 1, static_cast<int>(ms)) > 0 && runner.Service()) return true;
    if (runner.SampleDue().value_or(instant) <= clock.Now()) runner.Sample();
  }
  return false;
}

Snapshot NextEpoch(monitor::EpochRunner& runner, const Clock& clock) {
  WaitUntil(clock.Now() + kEpoch, runner, clock);
  return runner.RunEpoch();
}

// The CPU time of each process that runs, since the first epoch, by pid.
std::map<uint32_t, TimeSeen> Running(const monitor::Snapshot& snapshot) {
  std::map<uint32_t, TimeSeen> found;
  for (size_t item = 0; item < snapshot.processes.size(); ++item) {
    const auto process = snapshot.processes[item];
    if (process.state != monitor::WorkloadState::kRunning) continue;
    found[process.labels->pid] = {process.labels->pid, process.labels->comm, process.cpu_time, {}};
  }
  return found;
}

// All that a process of this pid has been charged with, also after its end.
Nanoseconds ChargedTo(uint32_t pid, const monitor::Snapshot& snapshot) {
  Nanoseconds charged;
  for (size_t item = 0; item < snapshot.processes.size(); ++item) {
    const auto process = snapshot.processes[item];
    if (process.labels->pid == pid) charged += process.cpu_time;
  }
  return charged;
}

void AddEpoch(const monitor::Snapshot& before, const monitor::Snapshot& now, Observation& seen) {
  ++seen.epochs;
  for (size_t z = 0; z < seen.zones.size(); ++z) {
    const monitor::EnergyFigure& all = now.socket_zones[z].figures.all;
    if (all.power) ++seen.zones[z].epochs_known;
    if (all.energy > before.socket_zones[z].figures.all.energy) ++seen.zones[z].epochs_moved;
  }
  const double share = static_cast<double>(now.duration.value) / static_cast<double>(kEpoch.value);
  seen.busy_share += static_cast<double>(now.usage_ppm) / 1e6 * share;  // weighed by time
  for (std::string& imbalance : FindImbalances(now)) {
    if (seen.imbalances.size() < 10) seen.imbalances.push_back(std::move(imbalance));
  }
}

void SetZones(const monitor::Snapshot& first, Observation& seen) {
  for (const monitor::SocketZone& zone : first.socket_zones) {
    seen.zones.push_back({.name = zone.name, .path = zone.path, .socket = zone.socket, .energy = {}});
  }
}

void Close(const monitor::Snapshot& first, const monitor::Snapshot& last, Observation& seen) {
  seen.time = last.time - first.time;
  seen.busy_share /= static_cast<double>(seen.time.value) / static_cast<double>(kEpoch.value);
  const monitor::EnergyOrigin origin = monitor::EnergyOriginOf(last);
  seen.energy_source = origin.source;
  seen.energy_measured = origin.measured;
  seen.cpu_time_source = last.cpu_time_source;
  if (!last.zones.empty()) seen.uncertainty_ppm = last.zones[last.primary_zone].state.uncertainty_ppm;
  seen.kernel = last.kernel;
  for (size_t z = 0; z < seen.zones.size(); ++z) {
    const monitor::SocketZone &before = first.socket_zones[z], &now = last.socket_zones[z];
    seen.zones[z].energy = now.figures.all.energy - before.figures.all.energy;
    seen.zones[z].read_errors = now.state.read_errors - before.state.read_errors;
    seen.zones[z].resets = now.state.resets - before.state.resets;
  }
}

// Those that are in both looks, and what they were charged with from the first snapshot to the last.
void CompareProcesses(const Look& begin, const Look& end, const monitor::Snapshot& first, const monitor::Snapshot& last,
                      Observation& seen) {
  const std::map<uint32_t, TimeSeen> before = Running(first);
  std::map<uint32_t, TimeSeen> now = Running(last);
  std::map<uint32_t, const cpu::ProcessReading*> known;
  for (const cpu::ProcessReading& reading : begin.scan.processes) {
    if (reading.readable) known[reading.pid] = &reading;
  }
  for (const cpu::ProcessReading& reading : end.scan.processes) {
    const auto old = known.find(reading.pid);
    const auto charged = now.find(reading.pid);
    if (!reading.readable || old == known.end() || old->second->stat.start_ticks != reading.stat.start_ticks ||
        charged == now.end() || reading.pid == static_cast<uint32_t>(getpid())) {
      continue;
    }
    TimeSeen& time = charged->second;
    if (const auto at = before.find(reading.pid); at != before.end()) time.charged -= at->second.charged;
    time.used = seen.tick * (reading.stat.cpu_ticks() - old->second->stat.cpu_ticks());
    seen.processes.push_back(time);
  }
  seen.look_time = begin.took + end.took;
}

void CompareIdle(const Look& begin, const Look& end, Observation& seen) {
  std::map<uint32_t, uint64_t> before;
  for (const cpu::CpuIdle& cpu : begin.scan.cpus) before[cpu.cpu] = cpu.idle_ticks + cpu.iowait_ticks;
  Nanoseconds idle, capacity;
  for (const cpu::CpuIdle& cpu : end.scan.cpus) {
    const auto old = before.find(cpu.cpu);
    const uint64_t ticks = cpu.idle_ticks + cpu.iowait_ticks;
    if (old == before.end() || ticks < old->second) continue;
    idle += seen.tick * (ticks - old->second);
    capacity += end.at - begin.at;
  }
  seen.capacity = capacity;
  if (capacity.value == 0) return;
  idle = std::min(idle, capacity);
  seen.kernel_busy_share = static_cast<double>((capacity - idle).value) / static_cast<double>(capacity.value);
}

}  // namespace

Result<Observation> Observe(monitor::MonitorParts parts, const ObserveOptions& options, const Clock& clock) {
  Observation seen;
  seen.tick = Seconds(1) / TicksPerSecond();
  auto scanner = cpu::ProcfsScanner::Open(options.procfs_root, TicksPerSecond());
  if (!scanner) return scanner.error();
  // Whoever ends is listed to the end.
  monitor::EpochRunner runner(std::move(parts), {.max_listed = -1, .min_energy = {}, .retention = Seconds(3600)},
                              clock);
  if (const auto started = runner.Start(); !started) return started.error();
  const Snapshot first = NextEpoch(runner, clock);
  if (first == nullptr) return MakeError("no epoch could be made: the log says why");
  const Nanoseconds own_before = OwnCpuTime();
  const auto begin = LookAt(*scanner, clock);
  if (!begin) return begin.error();
  SetZones(*first, seen);
  auto probe = Probe::Start(kProbeTime);
  if (!probe) return probe.error();

  Snapshot last = first;
  std::optional<Nanoseconds> used;
  for (uint64_t epoch = 0; epoch < options.epochs; ++epoch) {
    if (epoch + 1 < options.epochs) used = probe->Used();
    Snapshot next = NextEpoch(runner, clock);
    if (next == nullptr) continue;
    AddEpoch(*last, *next, seen);
    last = std::move(next);
  }
  seen.own_cpu_time = OwnCpuTime() - own_before;
  const auto end = LookAt(*scanner, clock);
  if (!end) return end.error();
  if (last == first) return MakeError("no epoch could be made: the log says why");
  Close(*first, *last, seen);
  CompareProcesses(*begin, *end, *first, *last, seen);
  CompareIdle(*begin, *end, seen);
  const auto pid = static_cast<uint32_t>(probe->pid());
  const Nanoseconds charged = ChargedTo(pid, *last);
  if (used) seen.probe = TimeSeen{pid, "", charged, *used};
  seen.own_resident_bytes = OwnResidentBytes();
  const Status shown = cpu::CheckShowsAllProcesses(options.procfs_root);
  seen.shows_all_processes = shown.has_value();
  if (!shown) seen.hides_processes = shown.error().message;
  return seen;
}

}  // namespace brahe::check
