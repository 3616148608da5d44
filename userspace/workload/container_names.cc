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

namespace brahe {
namespace {

// Of arguments and environments more is not read.
constexpr size_t kMaxProcessText = 128 << 10;

// Where containerd keeps the bundles of its containers, as NAMESPACE/ID.
constexpr const char* kBundleFolders[] = {
    "/run/containerd/io.containerd.runtime.v2.task/",
    "/run/k3s/containerd/io.containerd.runtime.v2.task/",
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

// True if a process whose cgroup has `path` is in the container `id`, and not in another one inside of it. In a cgroup
// namespace the path may begin right at the container.
bool IsPathIn(const std::string& path, const std::string& id) {
  const auto container = ContainerOfPath(path);
  return container ? container->id == id : path.ends_with("/" + id);
}

}  // namespace

ContainerNames::ContainerNames(std::string procfs_root) : procfs_root_(std::move(procfs_root)) {}

std::string ContainerNames::Find(const Container& container, const std::vector<uint32_t>& pids) const {
  const std::string& id = container.id;
  if (IsIdAName(container.runtime)) return id;
  std::vector<uint32_t> inside;
  std::copy_if(pids.begin(), pids.end(), std::back_inserter(inside),
               [&](uint32_t pid) { return IsIn(pid, id) == true; });
  for (const uint32_t pid : inside) {
    if (std::string name = FindByConmon(pid, id); !name.empty()) return name;
  }
  if (std::string name = FindByFiles(id); !name.empty()) return name;
  for (const uint32_t pid : inside) {
    if (std::string name = FindByEnvironment(pid, id); !name.empty()) return name;
  }
  return "";
}

// Conmon is the parent of the container's first process, and of each that is started in the container later.
std::string ContainerNames::FindByConmon(uint32_t pid, const std::string& id) const {
  constexpr int kMaxSteps = 16;
  std::optional<uint32_t> parent = pid;
  for (int step = 0; step < kMaxSteps; ++step) {
    parent = ParentOf(*parent);
    if (!parent || *parent <= 1) return "";
    const auto arguments = ReadFile(FileOf(*parent, "cmdline"), kMaxProcessText);
    if (!arguments) return "";
    std::string name = NameInConmonArguments(*arguments, id);
    // Conmon is outside: a process of the container may take any arguments, so as to be taken for it.
    if (!name.empty() && IsIn(*parent, id) == false) return name;
  }
  return "";
}

std::string ContainerNames::FindByFiles(const std::string& id) const {
  if (!IsFileName(id)) return "";
  const std::string host = FileOf(1, "root");
  if (const auto json = ReadFile(host + "/var/lib/docker/containers/" + id + "/config.v2.json")) {
    if (std::string name = NameInDockerConfig(*json, id); !name.empty()) return name;
  }
  for (const char* bundles : kBundleFolders) {
    for (const std::string& name_space : FoldersIn(host + bundles)) {
      const auto json = ReadFile(host + bundles + name_space + "/" + id + "/config.json");
      std::string name = json ? NameInBundleConfig(*json) : "";
      if (!name.empty()) return name;
    }
  }
  return "";
}

std::string ContainerNames::FindByEnvironment(uint32_t pid, const std::string& id) const {
  const auto environment = ReadFile(FileOf(pid, "environ"), kMaxProcessText);
  // Asked once more: the pid may have been used again before the environment was read.
  if (!environment || IsIn(pid, id) != true) return "";
  return NameInEnvironment(*environment);
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

}  // namespace brahe
