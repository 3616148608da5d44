#include "userspace/workload/cgroup_facts.h"

#include <algorithm>
#include <optional>
#include <string>

#include "userspace/workload/container_rules.h"
#include "userspace/workload/slurm_rules.h"
#include "userspace/workload/unit_rules.h"

namespace brahe::workload {
namespace {

constexpr std::string_view kSlurm = "slurm";

// Whether the system made the job whose cgroup `path` is. A step or a job counts as a container as well, and the rules
// for those know whose word they are.
bool IsOfSystem(std::string_view path) {
  const auto container = ContainerOfPath(path);
  return container && container->runtime == kSlurm && container->cgroup == path && container->tree.empty();
}

// The outermost job that `path` is or lies in.
std::optional<SlurmJob> JobOfPath(std::string_view path) {
  for (size_t end, begin = 0; begin < path.size(); begin = end + 1) {
    end = std::min(path.find('/', begin), path.size());
    const std::string_view folder = path.substr(0, end);
    if (const auto job = SlurmJobAt(folder)) return IsOfSystem(folder) ? job : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

CgroupFacts FactsOfPath(std::string_view cgroup_path) {
  CgroupFacts facts{.unit = UnitOfPath(cgroup_path), .scheduler = "", .job = "", .job_uid = std::nullopt};
  if (const auto job = JobOfPath(cgroup_path)) {
    facts.scheduler = kSlurm;
    facts.job = job->id;
    facts.job_uid = job->uid;
  }
  return facts;
}

}  // namespace brahe::workload
