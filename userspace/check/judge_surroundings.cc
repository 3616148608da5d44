#include "userspace/base/values.h"
#include "userspace/check/judge.h"
#include "userspace/check/words.h"

namespace brahe::check {
namespace {

void JudgeBooks(const Observation& seen, std::vector<Verdict>& verdicts) {
  for (const std::string& imbalance : seen.imbalances) {
    verdicts.push_back({"books", Outcome::kFaulty, imbalance, "this is a fault of Brahe's: report it with this text"});
  }
  if (!seen.imbalances.empty()) return;
  verdicts.push_back(
      {"books", Outcome::kGood,
       "at every level listed + unlisted + pending = active, and active + idle = all, to the microjoule, "
       "in " +
           Count(seen.epochs, "epoch")});
}

Verdict ProcfsVerdict(const Observation& seen) {
  if (seen.shows_all_processes) return {"procfs", Outcome::kGood, "shows every process"};
  return {"procfs", Outcome::kLimited, "may hide processes, which then have no names of their programs",
          seen.hides_processes};
}

Verdict CgroupsVerdict(const Observation& seen) {
  if (!seen.cgroup_hierarchy.empty())
    return {"cgroups", Outcome::kGood, "containers are known by " + seen.cgroup_hierarchy};
  return {"cgroups", Outcome::kLimited, "no hierarchy is mounted: there are no containers and no pods",
          "mount the host's, in a container by -v /sys/fs/cgroup:/sys/fs/cgroup:ro"};
}

Verdict RightsVerdict(const Observation& seen) {
  if (seen.lacks.empty()) return {"rights", Outcome::kGood, "none is missing"};
  return {"rights", Outcome::kLimited, "missing: " + Joined(seen.lacks),
          "docs/security.md tells what each is for; run it as root, or give them to its unit or container"};
}

Verdict CostVerdict(const Observation& seen) {
  constexpr double kMuch = 0.02;  // of one CPU, at an epoch a second
  const double share =
      seen.time.value == 0 ? 0 : static_cast<double>(seen.own_cpu_time.value) / static_cast<double>(seen.time.value);
  const std::string finding = "this check used " + InPercent(share) +
                              " of one CPU, with an epoch and its books a second, " +
                              std::to_string(seen.own_resident_bytes >> 20) + " MiB";
  if (share <= kMuch) return {"cost", Outcome::kGood, finding};
  return {"cost", Outcome::kLimited, finding, "a longer monitor.interval costs less"};
}

}  // namespace

std::vector<Verdict> JudgeSurroundings(const Observation& seen) {
  std::vector<Verdict> verdicts;
  JudgeBooks(seen, verdicts);
  verdicts.push_back(ProcfsVerdict(seen));
  verdicts.push_back(CgroupsVerdict(seen));
  verdicts.push_back(RightsVerdict(seen));
  verdicts.push_back(CostVerdict(seen));
  return verdicts;
}

std::vector<Verdict> Judge(const Observation& seen) {
  std::vector<Verdict> verdicts = JudgeEnergy(seen);
  for (auto* const part : {JudgeCpuTime, JudgeSurroundings}) {
    std::vector<Verdict> more = part(seen);
    verdicts.insert(verdicts.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return verdicts;
}

}  // namespace brahe::check
