#include "userspace/workload/container_names.h"

#include <dirent.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/process_stat.h"
#include "userspace/workload/cgroup_file.h"
#include "userspace/workload/container_name_rules.h"
#include "userspace/workload/container_rules.h"

namespace brahe::workload {
namespace {

// Of arguments and environments more is not read.
constexpr size_t kMaxProcessText = 128 << 10;

// Where containerd keeps the bundles of its containers below its folder, as NAMESPACE/ID.
constexpr std::string_view kTasks = "/io.containerd.runtime.v2.task/";

// The folders where it is usually told to do so.
constexpr const char* kBundleFolders[] = {
    "/run/containerd/io.containerd.runtime.v2.task/",
    "/run/k3s/containerd/io.containerd.runtime.v2.task/",
    "/run/k0s/containerd/io.containerd.runtime.v2.task/",
    "/run/docker/containerd/daemon/io.containerd.runtime.v2.task/",
    "/var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/",
};

bool IsIdAName(std::string_view runtime) { return runtime == "lxc" || runtime == "systemd-nspawn"; }

// True if `id` may stand in a path.
bool IsFileName(std::string_view id) {
  return !id.empty() && id != "." && id != ".." && id.find('/') == std::string_view::npos &&
         id.find('\0') == std::string_view::npos;
}

// The folders below `path`, of containerd's namespaces. There are few.
std::vector<std::string> FoldersIn(const std::string& path) {
  constexpr size_t kMaxFolders = 32;
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
  if (folder == nullptr) return names;
  while (const dirent* entry = readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    names.emplace_back(name);
    if (names.size() == kMaxFolders) break;
  }
  return names;
}

// `root` is that of the mount namespace in which the folder is. Who made the folder may have put a pipe there, at which
// an open would wait for ever.
std::string FindInDockerFolder(const std::string& root, const std::string& folder, const std::string& id) {
  const auto json = ReadRegularFile(root + folder + "/config.v2.json");
  return json ? NameInDockerConfig(*json, id) : "";
}

std::string FindInBundle(const std::string& root, const std::string& folder, const std::string& id) {
  const auto json = ReadRegularFile(root + folder + "/config.json");
  if (!json) return "";
  std::string name = NameInBundleConfig(*json);
  if (!name.empty()) return name;
  const std::string docker_folder = DockerFolderInBundleConfig(*json, id);
  return docker_folder.empty() ? "" : FindInDockerFolder(root, docker_folder, id);
}

// True if a process whose cgroup has `path` is in the container `id`, and not in another one inside of it. In a cgroup
// namespace the path may begin right at the container.
bool IsPathIn(const std::string& path, const std::string& id) {
  const auto container = ContainerOfPath(path);
  return container ? container->id == id : path.ends_with("/" + id);
}

}  // namespace

ContainerNames::ContainerNames(std::string procfs_root)
    : procfs_root_(std::move(procfs_root)), host_(procfs_root_ + "/1/root"), docker_roots_(procfs_root_) {}

std::string ContainerNames::Find(const Container& container, const std::vector<uint32_t>& pids) {
  const std::string& id = container.id;
  if (IsIdAName(container.runtime)) return id;
  std::vector<uint32_t> inside;
  std::copy_if(pids.begin(), pids.end(), std::back_inserter(inside),
               [&](uint32_t pid) { return IsIn(pid, id) == true; });
  for (const uint32_t pid : inside) {
    if (std::string name = FindByConmon(pid, id); !name.empty()) return name;
  }
  for (const uint32_t pid : inside) {
    if (std::string name = FindByShim(pid, container); !name.empty()) return name;
  }
  if (std::string name = container.of_user ? "" : FindByFiles(container); !name.empty()) return name;
  for (const uint32_t pid : inside) {
    if (std::string name = FindByEnvironment(pid, id); !name.empty()) return name;
  }
  const bool is_pause = std::any_of(inside.begin(), inside.end(), [&](uint32_t pid) { return IsPause(pid, id); });
  return is_pause && !container.pod_uid.empty() ? kSandboxName : "";
}

std::string ContainerNames::AskAbove(uint32_t pid, const std::function<std::string(uint32_t)>& ask) const {
  constexpr int kMaxSteps = 16;
  std::optional<uint32_t> parent = pid;
  for (int step = 0; step < kMaxSteps; ++step) {
    parent = ParentOf(*parent);
    if (!parent || *parent <= 1) return "";
    if (std::string answer = ask(*parent); !answer.empty()) return answer;
  }
  return "";
}

// Conmon is the parent of the container's first process, and of each that is started in the container later.
std::string ContainerNames::FindByConmon(uint32_t pid, const std::string& id) const {
  return AskAbove(pid, [&](uint32_t parent) -> std::string {
    const auto arguments = ReadFile(FileOf(parent, "cmdline"), kMaxProcessText);
    std::string name = arguments ? NameInConmonArguments(*arguments, id) : "";
    // Conmon is outside: a process of the container may take any arguments, so as to be taken for it.
    return !name.empty() && IsIn(parent, id) == false ? name : "";
  });
}

// containerd's shim, the parent as conmon is, works in the bundle of the first container that it was started for. Where
// the runtime is in a container itself, or in another mount namespace, the host does not have that folder: the shim
// does.
std::string ContainerNames::FindByShim(uint32_t pid, const Container& container) {
  const std::string& id = container.id;
  if (!IsFileName(id)) return "";
  return AskAbove(pid, [&](uint32_t parent) -> std::string {
    const auto work = ReadLink(FileOf(parent, "cwd"));
    if (!work || work->find(kTasks) == std::string::npos || IsIn(parent, id) != false) return "";
    const std::string bundles = work->substr(0, work->rfind('/') + 1);
    if (!container.of_user) LearnBundles(bundles);
    return FindInBundle(FileOf(parent, "root"), bundles + id, id);
  });
}

void ContainerNames::LearnBundles(const std::string& folder) {
  constexpr size_t kMaxFolders = 8;
  if (std::find(bundle_folders_.begin(), bundle_folders_.end(), folder) != bundle_folders_.end()) return;
  if (bundle_folders_.size() == kMaxFolders) bundle_folders_.erase(bundle_folders_.begin());
  bundle_folders_.push_back(folder);
}

std::string ContainerNames::FindByFiles(const Container& container) {
  const std::string& id = container.id;
  if (!IsFileName(id)) return "";
  if (std::string name = FindInDockerFolder(host_, "/var/lib/docker/containers/" + id, id); !name.empty()) return name;
  for (const std::string& bundles : bundle_folders_) {
    if (std::string name = FindInBundle(host_, bundles + id, id); !name.empty()) return name;
  }
  for (const char* bundles : kBundleFolders) {
    for (const std::string& name_space : FoldersIn(host_ + bundles)) {
      if (std::string name = FindInBundle(host_, bundles + name_space + "/" + id, id); !name.empty()) return name;
    }
  }
  if (container.runtime != "docker" && container.runtime != "unknown") return "";
  for (const std::string& root : docker_roots_.Find()) {
    if (std::string name = FindInDockerFolder(host_, root + "/containers/" + id, id); !name.empty()) return name;
  }
  return "";
}

std::string ContainerNames::FindByEnvironment(uint32_t pid, const std::string& id) const {
  const auto environment = ReadFile(FileOf(pid, "environ"), kMaxProcessText);
  // Asked once more: the pid may have been used again before the environment was read.
  if (!environment || IsIn(pid, id) != true) return "";
  return NameInEnvironment(*environment);
}

bool ContainerNames::IsPause(uint32_t pid, const std::string& id) const {
  const auto comm = ReadFile(FileOf(pid, "comm"));
  return comm && Trim(*comm) == "pause" && IsIn(pid, id) == true;
}

// nullopt: there is no such process.
std::optional<bool> ContainerNames::IsIn(uint32_t pid, const std::string& id) const {
  const auto text = ReadFile(FileOf(pid, "cgroup"));
  if (!text || text->empty()) return std::nullopt;
  const std::vector<std::string> paths = CgroupPathsIn(*text);
  return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) { return IsPathIn(path, id); });
}

std::optional<uint32_t> ContainerNames::ParentOf(uint32_t pid) const {
  const auto text = ReadFile(FileOf(pid, "stat"));
  ProcessStat stat;
  return text && ParseProcessStat(*text, stat) ? std::optional(stat.parent) : std::nullopt;
}

std::string ContainerNames::FileOf(uint32_t pid, std::string_view name) const {
  return procfs_root_ + "/" + std::to_string(pid) + "/" + std::string(name);
}

}  // namespace brahe::workload
