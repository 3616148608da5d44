#include "userspace/monitor/groupings.h"

namespace brahe::monitor {
namespace {

using Values = std::vector<std::string>;

Values NamespaceOf(const GroupFacts& facts) {
  if (facts.pod.name_space.empty()) return {};
  return {facts.pod.name_space};
}

Values OwnerOf(const GroupFacts& facts) {
  if (facts.pod.owner_kind.empty()) return {};
  return {facts.pod.owner_kind, facts.pod.owner_name, facts.pod.name_space};
}

Values ProgramOf(const GroupFacts& facts) {
  if (facts.program.empty()) return {};
  return {std::string(facts.program)};
}

Values UnitOf(const GroupFacts& facts) {
  if (facts.cgroup.unit.empty()) return {};
  return {facts.cgroup.unit};
}

Values UserOf(const GroupFacts& facts) {
  if (!facts.uid) return {};
  return {std::to_string(*facts.uid), facts.resolver.UserNameOf(*facts.uid)};
}

// Where the path does not tell whose job it is, its processes do.
Values JobOf(const GroupFacts& facts) {
  if (facts.cgroup.job.empty()) return {};
  const std::optional<uint32_t> uid = facts.cgroup.job_uid ? facts.cgroup.job_uid : facts.uid;
  return {facts.cgroup.job, facts.cgroup.scheduler, uid ? facts.resolver.UserNameOf(*uid) : ""};
}

}  // namespace

std::span<const Grouping> Groupings() {
  static const std::vector<Grouping> groupings = {
      {"namespace", {"namespace"}, DecidedBy::kPod, NamespaceOf},
      {"owner", {"kind", "name", "namespace"}, DecidedBy::kPod, OwnerOf},
      {"program", {"program"}, DecidedBy::kAll, ProgramOf},
      {"unit", {"unit"}, DecidedBy::kCgroup, UnitOf},
      {"user", {"uid", "user"}, DecidedBy::kAll, UserOf},
      {"job", {"job", "scheduler", "user"}, DecidedBy::kAll, JobOf},
  };
  return groupings;
}

}  // namespace brahe::monitor
