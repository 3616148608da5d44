#include "userspace/run/command_resolver.h"

#include <sys/stat.h>

#include <utility>

#include "userspace/run/command_cgroup.h"

namespace brahe::run {

void CommandResolver::Begin(const std::string& name, const std::string& folder, uint64_t id) {
  command_ = {.id = name, .runtime = "", .pod_uid = ""};
  folder_ = folder;
  id_ = id;
  path_.clear();
  inside_ = {id};
  has_looked_ = false;
}

// One that is made and removed between two looks is known by this alone.
void CommandResolver::LearnCgroup(uint64_t cgroup_id, const std::string& path) {
  if (cgroup_id == id_) path_ = path;
  if (!path_.empty() && path.starts_with(path_ + "/")) inside_.insert(cgroup_id);
}

const workload::Container* CommandResolver::ContainerOf(uint64_t cgroup_id, const ProcessKey& /*process*/) {
  if (!std::exchange(has_looked_, true)) LookBelow();
  return inside_.contains(cgroup_id) ? &command_ : nullptr;
}

// Where the kernel does not tell of new cgroups.
void CommandResolver::LookBelow() {
  if (folder_.empty()) return;
  for (const std::string& folder : CgroupTree(folder_)) {
    struct stat status;
    if (stat(folder.c_str(), &status) == 0) inside_.insert(status.st_ino);
  }
}

}  // namespace brahe::run
