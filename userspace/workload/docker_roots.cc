#include "userspace/workload/docker_roots.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "userspace/base/file.h"
#include "userspace/workload/cgroup_file.h"
#include "userspace/workload/container_name_rules.h"
#include "userspace/workload/container_rules.h"

namespace brahe::workload {
namespace {

constexpr size_t kMaxArguments = 128 << 10;

bool IsOf(uid_t user, const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && status.st_uid == user;
}

// True if the process whose folder under /proc is `folder` is known to be in no container.
bool IsOutside(const std::string& folder) {
  const auto text = ReadFile(folder + "/cgroup");
  if (!text) return false;
  const std::vector<std::string> paths = CgroupPathsIn(*text);
  return std::none_of(paths.begin(), paths.end(), [](const std::string& path) { return ContainerOfPath(path); });
}

}  // namespace

const std::vector<std::string>& DockerRoots::Find() {
  constexpr uint64_t kQuestions = 16;
  if (questions_++ % kQuestions == 0) Look();
  return roots_;
}

void DockerRoots::Look() {
  roots_.clear();
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(opendir(procfs_root_.c_str()), closedir);
  if (processes == nullptr) return;
  while (const dirent* entry = readdir(processes.get())) {
    const std::string folder = procfs_root_ + "/" + entry->d_name;
    if (!ParseUint64(entry->d_name) || !IsDockerd(folder)) continue;
    std::string root = RootOf(folder);
    if (root.starts_with('/')) roots_.push_back(std::move(root));
  }
}

bool DockerRoots::IsDockerd(const std::string& folder) const {
  // The name first, as it is asked of every process.
  const auto comm = ReadFile(folder + "/comm");
  if (!comm || *comm != "dockerd\n" || !IsOf(root_, folder)) return false;
  const auto exe = ReadLink(folder + "/exe");
  return exe && exe->substr(exe->rfind('/') + 1).starts_with("dockerd") && IsOutside(folder);
}

// What the dockerd in `folder` was told; empty: nothing.
std::string DockerRoots::RootOf(const std::string& folder) const {
  const auto arguments = ReadFile(folder + "/cmdline", kMaxArguments);
  if (!arguments) return "";
  std::string root = DataRootInDockerdArguments(*arguments);
  if (!root.empty()) return root;
  std::string file = ConfigFileInDockerdArguments(*arguments);
  if (file.empty()) file = "/etc/docker/daemon.json";
  // Whoever calls his program dockerd chooses the file, which may be a pipe.
  const auto config = ReadRegularFile(procfs_root_ + "/1/root" + file);
  return config ? DataRootInDockerdConfig(*config) : "";
}

}  // namespace brahe::workload
