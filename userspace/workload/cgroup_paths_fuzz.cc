// Paths of cgroups, whose names whoever may make cgroups chooses, and the lines in which the kernel tells them.
#include <set>
#include <string>

#include "userspace/base/fuzz_input.h"
#include "userspace/workload/cgroup_facts.h"
#include "userspace/workload/cgroup_file.h"
#include "userspace/workload/container_rules.h"

namespace brahe::workload {
namespace {

bool IsSame(const std::optional<Container>& a, const std::optional<Container>& b) {
  if (!a || !b) return !a && !b;
  return a->id == b->id && a->runtime == b->runtime && a->pod_uid == b->pod_uid;
}

void CheckContainer(const std::string& path) {
  const std::set<std::string> runtimes = {"docker",         "containerd", "crio",  "podman", "kubernetes", "lxc",
                                          "systemd-nspawn", "slurm",      "nomad", "kata",   "buildkit",   "unknown"};
  const auto container = ContainerOfPath(path);
  const auto below = ContainerOfPath(path + "/ ");
  Require(IsSame(container, below), "a cgroup is in the container that the one above it is in");
  Require(IsSame(container, ContainerOfPath("/outer.slice/" + path)), "it does not depend on where it lies");
  if (!container) return;
  Require(below->cgroup == container->cgroup, "both are in the container's cgroup");
  Require(!container->id.empty() && runtimes.contains(container->runtime), "a container has an id and a runtime");
  Require(path.starts_with(container->cgroup), "its cgroup is above the path");
  Require(path.size() == container->cgroup.size() || path[container->cgroup.size()] == '/', "its name is whole");
  const auto own = ContainerOfPath(container->cgroup);
  Require(IsSame(container, own) && own->cgroup == container->cgroup, "its cgroup is its own");
}

bool IsUnitName(const std::string& unit) {
  const bool ends = unit.ends_with(".service") || unit.ends_with(".slice") || unit.ends_with(".scope");
  return ends && unit.size() <= 255 &&
         unit.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-_.\\@") ==
             std::string::npos;
}

// What it is called below a place decides nothing above it.
void CheckFacts(const std::string& path) {
  const CgroupFacts facts = FactsOfPath(path);
  Require(facts.unit.empty() || IsUnitName(facts.unit), "a unit has a unit's name: " + facts.unit);
  Require(facts.scheduler == (facts.job.empty() ? "" : "slurm"), "a job has a scheduler");
  Require(!facts.job_uid || !facts.job.empty(), "only a job has a user");
  Require(facts.job.find_first_of("/ \n\\\"") == std::string::npos, "a job's id is plain");

  const std::string below = "/" + path;
  Require(FactsOfPath("/system.slice/web.service" + below).unit == "web.service", "a service stays one");
  const CgroupFacts of_user = FactsOfPath("/user.slice/user-7.slice/user@7.service" + below);
  Require(of_user == CgroupFacts{"user-7.slice", "", "", {}}, "a user's own tree is the user's");
  Require(FactsOfPath("/docker/" + std::string(64, 'c') + below) == CgroupFacts{}, "a container has no unit");
  Require(FactsOfPath("/lxc.payload.web" + below) == CgroupFacts{}, "nor has one of LXC");
  const CgroupFacts of_job = FactsOfPath("/system.slice/slurmstepd.scope/job_7/step_0/user/task_0" + below);
  Require(of_job == CgroupFacts{"slurmstepd.scope", "slurm", "7", {}}, "a job stays one");
}

}  // namespace
}  // namespace brahe::workload

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(brahe::TextOf(data, size));
  brahe::workload::CheckContainer(text);
  brahe::workload::CheckFacts(text);
  for (const std::string& path : brahe::workload::CgroupPathsIn(text)) {
    brahe::Require(path.starts_with('/') && path.find('\n') == std::string::npos, "a path is one");
    brahe::workload::CheckContainer(path);
  }
  return 0;
}
