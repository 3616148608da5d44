#include "userspace/monitor/books.h"

#include <algorithm>

namespace brahe {
namespace {

constexpr size_t kProcess = static_cast<size_t>(Level::kProcess);
constexpr size_t kContainer = static_cast<size_t>(Level::kContainer);

std::vector<LedgerZone> LedgerZones(const SeriesPlan& plan, const std::vector<Zone>& zones) {
  std::vector<LedgerZone> ledger_zones;
  for (size_t z = 0; z < zones.size(); ++z) ledger_zones.push_back({plan.series_of_zone[z], zones[z].socket});
  return ledger_zones;
}

}  // namespace

Books::Books(const std::vector<Zone>& zones, EndedPolicy policy, WorkloadResolver& resolver)
    : plan_(PlanSeries(zones)),
      ledger_(LedgerZones(plan_, zones)),
      resolver_(resolver),
      containers_(ledger_, resolver, policy, plan_.primary),
      processes_(ledger_, containers_, resolver, policy, plan_.primary),
      known_until_(zones.size()),
      zone_time_(zones.size()),
      series_time_(plan_.series.size()) {}

void Books::Open(const CpuTimeEpoch& epoch) {
  Learn(epoch);
  for (const ProcessKey& key : epoch.ended) processes_.End(key, epoch.end);
  processes_.Settle(epoch.end);
  resolver_.EndEpoch();
  std::fill(known_until_.begin(), known_until_.end(), epoch.end);
}

void Books::Post(const CpuTimeEpoch& epoch, const EnergyEpoch& energy) {
  Learn(epoch);
  leaves_.clear();
  for (const TaskTime& task : epoch.tasks) leaves_.push_back(LeafOf(task));
  for (const UnassignedTime& unassigned : epoch.unassigned) leaves_.push_back(LeafOf(unassigned));
  sockets_.clear();
  for (const SocketTime& socket : epoch.sockets) sockets_.push_back({socket.socket, socket.capacity, socket.idle});
  ledger_.Post({.sockets = sockets_, .energy = energy.used}, leaves_);

  for (const ProcessKey& key : epoch.ended) processes_.End(key, epoch.end);
  // Processes first: their labels name containers that may be dropped after them.
  processes_.Settle(epoch.end);
  containers_.Settle(epoch.end);
  resolver_.EndEpoch();
  TimeZones(epoch);
}

void Books::Learn(const CpuTimeEpoch& epoch) {
  for (const CgroupPath& cgroup : epoch.cgroups) resolver_.LearnCgroup(cgroup.cgroup_id, cgroup.path);
  for (const ProcessName& name : epoch.names) processes_.Learn(name);
}

LeafTime Books::LeafOf(const TaskTime& task) {
  LeafTime leaf{.process = task.process, .cgroup_id = task.cgroup_id, .socket = task.socket, .time = task.time};
  ProcessRecord& process = processes_.Use(task.process);
  leaf.accounts[kProcess] = process.account;
  if (const Container* container = resolver_.ContainerOf(task.cgroup_id, task.process.pid)) {
    ContainerRecord& record = containers_.Use(*container, task.cgroup_id);
    processes_.Enter(process, record);
    leaf.accounts[kContainer] = record.account;
  }
  return leaf;
}

LeafTime Books::LeafOf(const UnassignedTime& unassigned) {
  LeafTime leaf{.process = {}, .cgroup_id = unassigned.cgroup_id, .socket = unassigned.socket, .time = unassigned.time};
  if (unassigned.cgroup_id == 0) return leaf;
  if (const Container* container = resolver_.ContainerOf(unassigned.cgroup_id, 0)) {
    leaf.accounts[kContainer] = containers_.Use(*container, unassigned.cgroup_id).account;
  }
  return leaf;
}

void Books::TimeZones(const CpuTimeEpoch& epoch) {
  std::fill(series_time_.begin(), series_time_.end(), Nanoseconds{});
  for (size_t z = 0; z < zone_time_.size(); ++z) {
    std::optional<Nanoseconds>& series_time = series_time_[plan_.series_of_zone[z]];
    if (ledger_.zones()[z].known) {
      zone_time_[z] = epoch.end - known_until_[z];
      known_until_[z] = epoch.end;
      if (series_time) series_time = std::max(*series_time, *zone_time_[z]);
    } else {
      zone_time_[z] = series_time = std::nullopt;
    }
  }
}

}  // namespace brahe
