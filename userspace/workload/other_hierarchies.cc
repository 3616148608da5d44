#include "userspace/workload/other_hierarchies.h"

#include <vector>

#include "userspace/base/file.h"
#include "userspace/workload/cgroup_file.h"
#include "userspace/workload/container_rules.h"

namespace brahe {
namespace {

constexpr uint64_t kEpochsBetweenLooks = 12;

}  // namespace

const Container* OtherHierarchies::ContainerOf(const ProcessKey& process) {
  if (has_one_only_ || process.pid == 0) return nullptr;
  Entry& entry = entries_[process];
  entry.last_used = epoch_;
  if (IsDue(entry)) {
    entry.container = Look(process.pid);
    entry.last_look = epoch_;
    ++entry.looks;
  }
  return entry.container ? &*entry.container : nullptr;
}

void OtherHierarchies::EndEpoch() {
  constexpr uint64_t kEpochsOfOne = 64;  // until it is asked again whether there are more
  if (epoch_ % kEpochsBetweenLooks == 0) {
    std::erase_if(entries_, [&](const auto& item) { return item.second.last_used + kEpochsBetweenLooks <= epoch_; });
  }
  if (epoch_ % kEpochsOfOne == 0) has_one_only_ = false;
  ++epoch_;
}

bool OtherHierarchies::IsDue(const Entry& entry) const {
  constexpr int kFirstLooks = 3;
  if (entry.last_look == epoch_) return false;
  return entry.looks < kFirstLooks || entry.last_look + kEpochsBetweenLooks <= epoch_;
}

std::optional<Container> OtherHierarchies::Look(uint32_t pid) {
  const auto text = ReadFile(procfs_root_ + "/" + std::to_string(pid) + "/cgroup");
  if (!text) return std::nullopt;
  const std::vector<std::string> paths = CgroupPathsIn(*text);
  // Each process has a line for each hierarchy.
  has_one_only_ = paths.size() == 1;
  for (const std::string& path : paths) {
    if (auto container = ContainerOfPath(path)) return container;
  }
  return std::nullopt;
}

}  // namespace brahe
