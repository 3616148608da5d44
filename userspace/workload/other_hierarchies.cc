#include "userspace/workload/other_hierarchies.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "userspace/base/file.h"
#include "userspace/workload/cgroup_facts.h"
#include "userspace/workload/cgroup_file.h"
#include "userspace/workload/container_rules.h"

namespace brahe::workload {
namespace {

constexpr uint64_t kEpochsBetweenLooks = 12;

bool IsFolder(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// True if `is_sought` is true of the name of anything in the folder `path`.
template <typename IsSought>
bool HasName(const std::string& path, const IsSought& is_sought) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
  if (folder == nullptr) return false;
  while (const dirent* entry = readdir(folder.get())) {
    if (is_sought(std::string(entry->d_name))) return true;
  }
  return false;
}

}  // namespace

const Container* OtherHierarchies::ContainerOf(const ProcessKey& process) {
  if (others_.empty() || process.pid == 0) return nullptr;
  if (std::exchange(asked_, epoch_) != epoch_) FindSlurm();
  if (!has_jobs_) return nullptr;
  Entry& entry = entries_[process];
  entry.last_used = epoch_;
  if (IsDue(process, entry)) {
    Look(process.pid, entry);
    entry.last_look = epoch_;
    ++entry.looks;
  }
  return entry.container ? &*entry.container : nullptr;
}

const CgroupFacts* OtherHierarchies::FactsOf(const ProcessKey& process) const {
  if (!has_jobs_) return nullptr;
  const auto entry = entries_.find(process);
  return entry != entries_.end() && !entry->second.facts.job.empty() ? &entry->second.facts : nullptr;
}

void OtherHierarchies::EndEpoch() {
  if (epoch_ % kEpochsBetweenLooks == 0) {
    std::erase_if(entries_, [&](const auto& item) { return item.second.last_used + kEpochsBetweenLooks <= epoch_; });
  }
  ++epoch_;
}

// Slurm makes its own folder when it is started, and leaves it there.
void OtherHierarchies::FindSlurm() {
  if (epoch_ >= next_look_) {
    next_look_ = epoch_ + kEpochsBetweenLooks;
    slurm_.clear();
    for (const std::string& other : others_) {
      HasName(other, [&](const std::string& name) {
        const bool is_slurm = name == "slurm" || name.starts_with("slurm_");
        if (is_slurm) slurm_.push_back({other + "/" + name, cgroup_root_ + "/" + name});
        return false;
      });
    }
  }
  has_jobs_ = std::any_of(slurm_.begin(), slurm_.end(), [this](const auto& slurm) { return HasJobsOfItsOwn(slurm); });
}

// SLURM/uid_1000/job_42
bool OtherHierarchies::HasJobsOfItsOwn(const SlurmFolder& slurm) const {
  return HasName(slurm.path, [&](const std::string& user) {
    return user.starts_with("uid_") && HasName(slurm.path + "/" + user, [&](const std::string& job) {
             return job.starts_with("job_") && !IsFolder(slurm.own + "/" + user + "/" + job);
           });
  });
}

bool OtherHierarchies::IsDue(const ProcessKey& process, const Entry& entry) const {
  constexpr int kFirstLooks = 2;
  if (entry.last_look == epoch_) return false;
  // Not all of them in the same epochs.
  return entry.looks < kFirstLooks || (epoch_ + process.pid) % kEpochsBetweenLooks == 0;
}

// Of a process that is gone what was known stays: it is asked about because of its last time.
void OtherHierarchies::Look(uint32_t pid, Entry& entry) const {
  const auto text = ReadFile(procfs_root_ + "/" + std::to_string(pid) + "/cgroup");
  if (!text) return;
  entry.container.reset();
  entry.facts = {};
  for (const std::string& path : CgroupPathsIn(*text)) {
    // Other runtimes are known by the accounted hierarchy, whether or not Slurm is there.
    auto container = ContainerOfPath(path);
    if (!container || container->runtime != "slurm") continue;
    entry.container = std::move(container);
    entry.facts = FactsOfPath(path);
    entry.facts.unit.clear();  // the accounted hierarchy has the unit that the time is counted in
    return;
  }
}

}  // namespace brahe::workload
