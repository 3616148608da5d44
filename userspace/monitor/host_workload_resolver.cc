#include "userspace/monitor/host_workload_resolver.h"

#include <unistd.h>

#include <string_view>

#include "userspace/base/file.h"
#include "userspace/base/process_stat.h"
#include "userspace/base/units.h"
#include "userspace/monitor/cgroup_population.h"

namespace brahe::monitor {

const workload::Container* HostWorkloadResolver::ContainerOf(uint64_t cgroup_id, const ProcessKey& process) {
  const workload::Cgroup& cgroup = cgroups_.Find(cgroup_id, process.pid);
  return cgroup.container ? &*cgroup.container : other_hierarchies_.ContainerOf(process);
}

const workload::CgroupFacts& HostWorkloadResolver::CgroupFactsOf(uint64_t cgroup_id, const ProcessKey& process) {
  const workload::CgroupFacts& facts = cgroups_.Known(cgroup_id).facts;
  const workload::CgroupFacts* const job = facts.job.empty() ? other_hierarchies_.FactsOf(process) : nullptr;
  if (job == nullptr) return facts;
  merged_facts_ = *job;
  merged_facts_.unit = facts.unit;
  return merged_facts_;
}

bool HostWorkloadResolver::IsPopulated(uint64_t cgroup_id) {
  const workload::Cgroup& cgroup = cgroups_.Find(cgroup_id, 0);
  return cgroup.container && IsContainerPopulated(cgroup_root_, cgroup.path, cgroup.container->cgroup);
}

bool HostWorkloadResolver::IsPodPopulated(uint64_t cgroup_id) {
  const workload::Cgroup& cgroup = cgroups_.Find(cgroup_id, 0);
  return cgroup.container && IsPodCgroupPopulated(cgroup_root_, cgroup.path, cgroup.container->pod_uid);
}

std::string HostWorkloadResolver::NameOf(const workload::Container& container, uint64_t cgroup_id, uint32_t pid) {
  const std::string& path = cgroups_.Find(cgroup_id, pid).path;
  std::vector<uint32_t> pids;
  if (!path.empty()) pids = ProcessesIn(path);
  // The one that ran may be gone by now, and others know more: the first ones are the oldest.
  if (pid != 0) pids.push_back(pid);
  return names_.Find(container, pids);
}

bool HostWorkloadResolver::IsAlive(const ProcessKey& process) {
  static const uint64_t ns_per_tick = Seconds(1).value / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  const auto text = ReadFile(procfs_root_ + "/" + std::to_string(process.pid) + "/stat", 4096);
  ProcessStat stat;
  return text && ParseProcessStat(*text, stat) && stat.start_ticks <= process.start_ns / ns_per_tick;
}

// The first few processes that live in a cgroup. It cannot be read if it is one of threads.
std::vector<uint32_t> HostWorkloadResolver::ProcessesIn(const std::string& cgroup_path) const {
  constexpr size_t kMaxProcesses = 4;
  const auto text = ReadFile(cgroup_root_ + cgroup_path + "/cgroup.procs", 4096);
  std::vector<uint32_t> pids;
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  for (size_t end; pids.size() < kMaxProcesses && (end = rest.find('\n')) != std::string_view::npos;) {
    // 0: in a pid namespace that cannot be seen.
    const uint64_t pid = ParseUint64(rest.substr(0, end)).value_or(0);
    if (pid > 0 && pid <= UINT32_MAX) pids.push_back(static_cast<uint32_t>(pid));
    rest.remove_prefix(end + 1);
  }
  return pids;
}

}  // namespace brahe::monitor
