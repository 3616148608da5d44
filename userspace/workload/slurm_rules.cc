#include "userspace/workload/slurm_rules.h"

#include <charconv>

#include "userspace/workload/path_names.h"

namespace brahe::workload {
namespace {

// A job's other name, which no other job ever has: "s" and 13 digits to Crockford's base 32.
bool IsSluid(std::string_view text) {
  return text.size() == 14 && text.front() == 's' &&
         text.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 1) == std::string_view::npos;
}

// nullopt of what is no user's id.
std::optional<uint32_t> ParseUid(std::string_view digits) {
  uint32_t uid = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), uid);
  const bool valid = error == std::errc() && end == digits.data() + digits.size() && uid != UINT32_MAX;
  return valid ? std::optional(uid) : std::nullopt;
}

}  // namespace

std::optional<SlurmJob> SlurmJobAt(std::string_view path) {
  const std::string_view name = LastName(path);
  const bool has_sluid = IsSluid(name);
  const std::string_view job = has_sluid ? name : After("job_", name);
  if (!has_sluid && !IsNumber(job)) return std::nullopt;
  const std::string_view parent_path = WithoutLastName(path);
  const std::string_view parent = LastName(parent_path);
  // /system.slice/slurmstepd.scope/job_42 and /sEKNKTV3WPV500, and node1_slurmstepd.scope where a machine has several
  // nodes
  if (parent == "slurmstepd.scope" || parent.ends_with("_slurmstepd.scope")) return SlurmJob{job, std::nullopt};
  // cgroup v1: /slurm/uid_1000/job_42, and slurm_node1
  const std::string_view root = LastName(WithoutLastName(parent_path));
  const std::string_view uid = After("uid_", parent);
  const bool in_slurm = root == "slurm" || root.starts_with("slurm_");
  return in_slurm && IsNumber(uid) ? std::optional(SlurmJob{job, ParseUid(uid)}) : std::nullopt;
}

}  // namespace brahe::workload
