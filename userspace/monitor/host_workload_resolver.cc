#include "userspace/monitor/host_workload_resolver.h"

#include "userspace/monitor/cgroup_population.h"

namespace brahe {

const Container* HostWorkloadResolver::ContainerOf(uint64_t cgroup_id, uint32_t pid) {
  const Cgroup& cgroup = cgroups_.Find(cgroup_id, pid);
  return cgroup.container ? &*cgroup.container : nullptr;
}

bool HostWorkloadResolver::IsPopulated(uint64_t cgroup_id) {
  const Cgroup& cgroup = cgroups_.Find(cgroup_id, 0);
  return cgroup.container && IsContainerPopulated(cgroup_root_, cgroup.path, cgroup.container->cgroup);
}

bool HostWorkloadResolver::IsPodPopulated(uint64_t cgroup_id) {
  const Cgroup& cgroup = cgroups_.Find(cgroup_id, 0);
  return cgroup.container && IsPodCgroupPopulated(cgroup_root_, cgroup.path, cgroup.container->pod_uid);
}

}  // namespace brahe
