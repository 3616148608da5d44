#include "userspace/monitor/attributor.h"

#include <algorithm>
#include <utility>

#include "userspace/base/scratch.h"
#include "userspace/monitor/primary_zone.h"

namespace brahe::monitor {
namespace {

std::vector<attribution::LedgerZone> LedgerZones(const SeriesPlan& plan, const std::vector<energy::Zone>& zones) {
  std::vector<attribution::LedgerZone> ledger_zones;
  for (size_t z = 0; z < zones.size(); ++z) ledger_zones.push_back({plan.series_of_zone[z], zones[z].socket});
  return ledger_zones;
}

std::string_view ProgramOf(const ProcessRecord& process) {
  // One that ends in this epoch has no labels yet, or those of the program that it was before its last exec.
  const bool has_newer = process.ended && process.has_new_facts && !process.exec_path.empty();
  return process.labels == nullptr || has_newer ? process.exec_path : process.labels->exe;
}

bool IsSame(const ZoneBooks& books, const energy::Zone& zone) {
  return books.name == zone.name && books.path == zone.path && books.socket == zone.socket;
}

// By series of `plan`: which one of the earlier books goes on in it; nullopt: it begins anew.
std::vector<std::optional<size_t>> SeriesFrom(const BooksState& state, const SeriesPlan& plan,
                                              const std::vector<energy::Zone>& zones) {
  const auto in_books = [&](const energy::Zone& zone) {
    return std::ranges::any_of(state.zones, [&](const ZoneBooks& books) { return IsSame(books, zone); });
  };
  std::vector<std::optional<size_t>> from;
  for (size_t s = 0; s < plan.series.size(); ++s) {
    const std::string& name = plan.series[s].name;
    const auto is_ours = [&](const auto& zone) { return zone.name == name; };
    const auto known =
        std::ranges::find_if(state.series, [&](const SeriesBooks& series) { return series.name == name; });
    // Sums are sums of the same zones only.
    const bool same = known != state.series.end() &&
                      std::ranges::count_if(zones, is_ours) == std::ranges::count_if(state.zones, is_ours) &&
                      std::ranges::all_of(zones, [&](const energy::Zone& z) { return z.name != name || in_books(z); });
    from.push_back(same ? std::optional(static_cast<size_t>(known - state.series.begin())) : std::nullopt);
  }
  return from;
}

// Puts an account's figures in the order of today's series.
template <typename Row>
void Arrange(const std::vector<std::optional<size_t>>& from, std::vector<Row>& rows) {
  std::vector<Microjoules> old;
  for (Row& row : rows) {
    old = std::exchange(row.account.energy, std::vector<Microjoules>(from.size()));
    for (size_t s = 0; s < from.size(); ++s) {
      if (from[s]) row.account.energy[s] = old[*from[s]];
    }
  }
}

}  // namespace

Attributor::Attributor(const std::vector<energy::Zone>& zones, EndedPolicy policy, WorkloadResolver& resolver,
                       std::span<const Grouping> groupings, std::unique_ptr<attribution::SplitPolicy> split)
    : zones_(zones),
      plan_(PlanSeries(zones)),
      ledger_(LedgerZones(plan_, zones),
              split != nullptr ? std::move(split) : std::make_unique<attribution::UsageSplit>()),
      resolver_(resolver),
      pods_(ledger_, resolver, policy),
      vms_(ledger_, policy),
      containers_(ledger_, pods_, resolver, policy),
      processes_(ledger_, containers_, vms_, resolver, policy),
      groups_(ledger_, groupings),
      known_until_(zones.size()),
      suspended_(zones.size()),
      zone_time_(zones.size()),
      series_time_(plan_.series.size()) {}

void Attributor::Begin(const cpu::CpuTimeEpoch& epoch) {
  Learn(epoch);
  for (const ProcessKey& key : epoch.ended) processes_.End(key, epoch.end);
  processes_.Settle(epoch.end, PrimarySeries());
  resolver_.EndEpoch();
  std::fill(known_until_.begin(), known_until_.end(), epoch.end);
}

BooksState Attributor::State() const {
  BooksState state;
  state.unassigned_time = ledger_.unassigned_time();
  for (size_t s = 0; s < plan_.series.size(); ++s) {
    state.series.push_back({.name = plan_.series[s].name,
                            .unassigned = ledger_.unassigned()[s].total,
                            .closed = processes_.closed_energy()[s]});
  }
  for (size_t z = 0; z < zones_.size(); ++z) {
    const attribution::ZoneBalance& balance = ledger_.zones()[z];
    state.zones.push_back({.name = zones_[z].name,
                           .path = zones_[z].path,
                           .socket = zones_[z].socket,
                           .active = balance.active.total,
                           .idle = balance.idle.total,
                           .known_until = known_until_[z]});
  }
  state.containers = containers_.State();
  state.vms = vms_.State();
  state.pods = pods_.State();
  return state;
}

void Attributor::Resume(BooksState state, const std::string& source, bool gap_is_counted) {
  const std::vector<std::optional<size_t>> from = SeriesFrom(state, plan_, zones_);
  Arrange(from, state.processes);
  Arrange(from, state.containers);
  Arrange(from, state.vms);
  Arrange(from, state.pods);
  Arrange(from, state.groups);

  std::vector<attribution::ZoneTotals> totals(zones_.size());
  for (size_t z = 0; z < zones_.size(); ++z) {
    known_until_[z] = state.end;
    if (!from[plan_.series_of_zone[z]]) continue;
    const auto books =
        std::ranges::find_if(state.zones, [&](const ZoneBooks& zone) { return IsSame(zone, zones_[z]); });
    totals[z] = {.active = books->active, .idle = books->idle};
    known_until_[z] = std::min(books->known_until, state.end);
  }
  std::vector<Microjoules> unassigned(from.size()), closed(from.size());
  for (size_t s = 0; s < from.size(); ++s) {
    if (!from[s]) continue;
    unassigned[s] = state.series[*from[s]].unassigned;
    closed[s] = state.series[*from[s]].closed;
  }
  ledger_.Resume(totals, unassigned, state.unassigned_time);

  for (const PodState& pod : state.pods) pods_.Resume(pod, state.end);
  for (const VmState& vm : state.vms) vms_.Resume(vm, state.end);
  for (const ContainerState& container : state.containers) containers_.Resume(container, state.end);
  for (const ProcessState& process : state.processes) {
    if (state.cpu_time_source == source && processes_.Resume(process, state.end)) continue;
    for (size_t s = 0; s < closed.size(); ++s) closed[s] += process.account.energy[s];
  }
  processes_.EndResume(std::move(closed));
  for (const ProcessState& process : state.processes) {
    const ProcessKey key = {process.labels->pid, process.start_ns};
    if (!gap_is_counted && !process.ended && !resolver_.IsAlive(key)) processes_.End(key, state.end);
  }
  for (const GroupState& group : state.groups) groups_.Resume(group);
}

void Attributor::Attribute(const cpu::CpuTimeEpoch& epoch, const energy::EnergyEpoch& energy) {
  Learn(epoch);
  leaves_.clear();
  owners_.clear();
  for (const cpu::TaskTime& task : epoch.tasks) AddLeaf(task);
  for (const cpu::UnassignedTime& unassigned : epoch.unassigned) AddLeaf(unassigned);
  sockets_.clear();
  for (const cpu::SocketTime& socket : epoch.sockets) sockets_.push_back({socket.socket, socket.capacity, socket.idle});
  for (const ProcessKey& key : epoch.ended) processes_.End(key, epoch.end);
  if (containers_.TakeChangedIds()) processes_.RelabelMembers();
  processes_.LabelLiving();
  containers_.FindPods();
  FindGroups();
  SetAccounts();
  TimeZones(epoch, energy);
  ledger_.Post(
      {.sockets = sockets_, .energy = energy.used, .duration = epoch.end - epoch.begin, .energy_times = energy_times_},
      leaves_);

  // Each before those that its end may be the end of.
  const size_t primary = PrimarySeries();
  processes_.Settle(epoch.end, primary);
  containers_.Settle(epoch.end, primary);
  pods_.Settle(epoch.end, primary);
  vms_.Settle(epoch.end, primary);
  groups_.Settle(primary);
  resolver_.EndEpoch();
  ShrinkScratch(leaves_);
  ShrinkScratch(owners_);
}

size_t Attributor::PrimarySeries() const {
  std::vector<RankedZone> series;
  for (const SeriesPlan::Series& s : plan_.series) series.push_back({.name = s.name, .energy = {}});
  for (size_t z = 0; z < plan_.series_of_zone.size(); ++z) {
    series[plan_.series_of_zone[z]].energy += ledger_.zones()[z].all.total;
  }
  return PrimaryZone(series);
}

void Attributor::Learn(const cpu::CpuTimeEpoch& epoch) {
  processes_.BeginEpoch(epoch.begin);
  containers_.BeginEpoch(epoch.begin);
  pods_.BeginEpoch(epoch.begin);
  vms_.BeginEpoch(epoch.begin);
  groups_.BeginEpoch(epoch.begin);
  for (const cpu::CgroupPath& cgroup : epoch.cgroups) resolver_.LearnCgroup(cgroup.cgroup_id, cgroup.path);
  for (const cpu::ProcessName& name : epoch.names) processes_.Learn(name);
  DeclareGroups();
}

// What is known before it has used energy is listed at 0, so that its first joules are an increase.
void Attributor::DeclareGroups() {
  static const workload::CgroupFacts no_cgroup;
  static const workload::Pod no_pod;
  const auto facts = [this](const workload::CgroupFacts& cgroup, const workload::Pod& pod) {
    return GroupFacts{.program = {}, .uid = {}, .cgroup = cgroup, .pod = pod, .resolver = resolver_};
  };
  for (const std::string& unit : resolver_.TakeNewUnits()) {
    workload::CgroupFacts cgroup;
    cgroup.unit = unit;
    groups_.Declare(DecidedBy::kCgroup, facts(cgroup, no_pod));
  }
  for (const workload::Pod& pod : resolver_.TakeNewPods()) groups_.Declare(DecidedBy::kPod, facts(no_cgroup, pod));
}

void Attributor::AddLeaf(const cpu::TaskTime& task) {
  ProcessRecord& process = processes_.Use(task.process);
  ContainerRecord* const container = UseContainer(task.cgroup_id, task.process);
  if (container != nullptr) processes_.Enter(process, *container);
  leaves_.push_back({.process = task.process, .cgroup_id = task.cgroup_id, .socket = task.socket, .time = task.time});
  owners_.push_back({&process, container});
}

void Attributor::AddLeaf(const cpu::UnassignedTime& unassigned) {
  const uint64_t cgroup_id = unassigned.cgroup_id;
  leaves_.push_back({.process = {}, .cgroup_id = cgroup_id, .socket = unassigned.socket, .time = unassigned.time});
  owners_.push_back({nullptr, cgroup_id != 0 ? UseContainer(cgroup_id, {}) : nullptr});
}

ContainerRecord* Attributor::UseContainer(uint64_t cgroup_id, const ProcessKey& process) {
  const workload::Container* container = resolver_.ContainerOf(cgroup_id, process);
  return container != nullptr ? &containers_.Use(*container, cgroup_id, process.pid) : nullptr;
}

void Attributor::SetAccounts() {
  for (size_t i = 0; i < leaves_.size(); ++i) {
    attribution::LeafAccounts& accounts = leaves_[i].accounts;
    if (ProcessRecord* process = owners_[i].process) {
      accounts[attribution::Level::kProcess] = processes_.Charge(*process);
      if (process->vm != nullptr) accounts[attribution::Level::kVm] = vms_.Charge(vms_.Use(*process->vm));
    }
    if (ContainerRecord* container = owners_[i].container) {
      accounts[attribution::Level::kContainer] = containers_.Charge(*container);
      if (container->pod != nullptr) accounts[attribution::Level::kPod] = pods_.Charge(*container->pod);
    }
    accounts[attribution::Level::kGroups] = ChargeGroups(owners_[i], leaves_[i].cgroup_id);
  }
}

void Attributor::FindGroups() {
  for (const PodGain& gain : pods_.TakeGains()) groups_.Adopt(gain.account, FactsOf(nullptr, 0, gain.pod));
  if (pods_.TakeNewNames()) groups_.ForgetSets();
}

attribution::AccountId Attributor::ChargeGroups(const Owners& owners, uint64_t cgroup_id) {
  const PodRecord* const pod = owners.container != nullptr ? owners.container->pod : nullptr;
  GroupMemory none;
  GroupMemory& memory = owners.process != nullptr ? owners.process->groups : none;
  return groups_.Charge(cgroup_id, memory, [&] { return FactsOf(owners.process, cgroup_id, pod); });
}

GroupFacts Attributor::FactsOf(const ProcessRecord* process, uint64_t cgroup_id, const PodRecord* pod) {
  static const workload::Pod no_pod;
  return {.program = process != nullptr ? ProgramOf(*process) : std::string_view(),
          .uid = process != nullptr && process->uid != kNoUid ? std::optional(process->uid) : std::nullopt,
          .cgroup = resolver_.CgroupFactsOf(cgroup_id, process != nullptr ? process->key : ProcessKey()),
          .pod = pod != nullptr ? pod->facts : no_pod,
          .resolver = resolver_};
}

void Attributor::TimeZones(const cpu::CpuTimeEpoch& epoch, const energy::EnergyEpoch& energy) {
  std::fill(series_time_.begin(), series_time_.end(), Nanoseconds{});
  energy_times_.assign(zone_time_.size(), {});
  for (size_t z = 0; z < zone_time_.size(); ++z) {
    suspended_[z] += energy.suspended;
    std::optional<Nanoseconds>& series_time = series_time_[plan_.series_of_zone[z]];
    if (energy.used[z]) {
      zone_time_[z] = energy_times_[z] = epoch.end - known_until_[z] + std::exchange(suspended_[z], {});
      known_until_[z] = epoch.end;
      if (series_time) series_time = std::max(*series_time, *zone_time_[z]);
    } else {
      zone_time_[z] = series_time = std::nullopt;
    }
  }
}

}  // namespace brahe::monitor
