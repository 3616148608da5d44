#include "userspace/cpu/cgroup_hierarchy.h"

#include <algorithm>
#include <map>
#include <vector>

#include "userspace/base/file.h"

namespace brahe::cpu {
namespace {

constexpr size_t kMountInfoLimit = 16 << 20;  // nodes with thousands of overlay mounts

// Takes the text up to `end` (or all of it) off the front of `rest`.
std::string_view TakeUntil(char end, std::string_view& rest) {
  const std::string_view head = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(head.size() + 1, rest.size()));
  return head;
}

bool ListContains(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    if (TakeUntil(',', list) == item) return true;
  }
  return false;
}

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// mountinfo writes blanks, tabs, newlines and backslashes as a backslash and three octal digits.
std::string Unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && IsOctal(text[i + 1]) && IsOctal(text[i + 2]) &&
        IsOctal(text[i + 3])) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

struct Mount {
  std::string root, mount_point, type, super_options;
};

// One line: ID PARENT MAJOR:MINOR ROOT MOUNT_POINT OPTIONS [TAG...] - TYPE SOURCE SUPER_OPTIONS
std::optional<Mount> ParseMount(std::string_view line) {
  Mount mount;
  for (int field = 0; field < 3; ++field) TakeUntil(' ', line);
  mount.root = Unescape(TakeUntil(' ', line));
  mount.mount_point = Unescape(TakeUntil(' ', line));
  TakeUntil(' ', line);
  while (!line.empty() && TakeUntil(' ', line) != "-") {
  }
  mount.type = TakeUntil(' ', line);
  TakeUntil(' ', line);
  mount.super_options = TakeUntil(' ', line);
  if (mount.mount_point.empty() || mount.type.empty()) return std::nullopt;
  return mount;
}

std::string MountInfo(const std::string& procfs_root) { return procfs_root + "/self/mountinfo"; }

std::vector<Mount> CgroupMounts(std::string_view text) {
  std::vector<Mount> mounts;
  while (!text.empty()) {
    const auto mount = ParseMount(TakeUntil('\n', text));
    if (mount && mount->type.starts_with("cgroup")) mounts.push_back(*mount);
  }
  return mounts;
}

// How far above the cgroup namespace's root a mount begins; -1 if it begins below.
int Height(std::string_view root) {
  int height = 0;
  while (root.starts_with("/..")) {
    root.remove_prefix(3);
    ++height;
  }
  return root.empty() || (root == "/" && height == 0) ? height : -1;
}

const Mount* Highest(const std::vector<Mount>& mounts, std::string_view type, std::string_view controller) {
  const Mount* highest = nullptr;
  for (const Mount& mount : mounts) {
    if (mount.type != type || (!controller.empty() && !ListContains(mount.super_options, controller))) continue;
    if (highest == nullptr || Height(mount.root) > Height(highest->root)) highest = &mount;
  }
  return highest;
}

// `path` relative to `ancestor`; nullopt if it does not lie in it.
std::optional<std::string> RelativeTo(std::string_view ancestor, std::string_view path) {
  if (ancestor != "/") {
    if (!path.starts_with(ancestor)) return std::nullopt;
    path.remove_prefix(ancestor.size());
  }
  if (path.empty()) return "/";
  if (path.front() != '/') return std::nullopt;
  return std::string(path);
}

}  // namespace

Result<CgroupHierarchy> FindCgroupHierarchy(const std::string& procfs_root) {
  const std::string path = MountInfo(procfs_root);
  const auto text = ReadFile(path, kMountInfoLimit);
  if (!text) return text.error();
  const std::vector<Mount> mounts = CgroupMounts(*text);
  for (const char* controller : {"cpuacct", "cpu"}) {
    if (const Mount* mount = Highest(mounts, "cgroup", controller)) {
      return CgroupHierarchy{false, mount->mount_point, controller, mount->root};
    }
  }
  if (const Mount* mount = Highest(mounts, "cgroup2", "")) {
    return CgroupHierarchy{true, mount->mount_point, "", mount->root};
  }
  return MakeError(path + ": neither cgroup v2 nor a v1 cpuacct or cpu hierarchy is mounted; mount cgroup2 at " +
                   "/sys/fs/cgroup, in a container the host's");
}

std::vector<std::string> OtherV1Mounts(const std::string& procfs_root, const std::string& mount_point) {
  const auto text = ReadFile(MountInfo(procfs_root), kMountInfoLimit);
  // By what tells hierarchies apart: their controllers, or a name.
  std::map<std::string, Mount> highest;
  std::string own;
  for (const Mount& mount : text ? CgroupMounts(*text) : std::vector<Mount>()) {
    if (mount.type != "cgroup") continue;
    if (mount.mount_point == mount_point) own = mount.super_options;
    const auto [it, added] = highest.try_emplace(mount.super_options, mount);
    if (!added && Height(mount.root) > Height(it->second.root)) it->second = mount;
  }
  std::vector<std::string> others;
  if (own.empty()) return others;
  for (const auto& [options, mount] : highest) {
    if (options != own) others.push_back(mount.mount_point);
  }
  return others;
}

std::optional<std::string> PathInHierarchy(std::string_view proc_pid_cgroup_text, const CgroupHierarchy& hierarchy) {
  // A line without an end was cut off, and what is left of its path may be another cgroup's.
  while (proc_pid_cgroup_text.find('\n') != std::string_view::npos) {
    std::string_view line = TakeUntil('\n', proc_pid_cgroup_text);
    const std::string_view id = TakeUntil(':', line);
    const std::string_view controllers = TakeUntil(':', line);
    const bool wanted =
        hierarchy.v2 ? id == "0" && controllers.empty() : ListContains(controllers, hierarchy.controller);
    if (!wanted || !line.starts_with('/')) continue;
    constexpr std::string_view kDeleted = " (deleted)";
    if (line.ends_with(kDeleted)) line.remove_suffix(kDeleted.size());
    if (Height(hierarchy.mount_root) <= 0) return std::string(line);
    return RelativeTo(hierarchy.mount_root, line).value_or(std::string(line));
  }
  return std::nullopt;
}

std::optional<std::string> FolderOfCgroup(const std::string& path, const CgroupHierarchy& hierarchy) {
  if (path == "/.." || path.starts_with("/../")) return std::nullopt;
  if (Height(hierarchy.mount_root) >= 0) return hierarchy.mount_point + path;
  const auto below = RelativeTo(hierarchy.mount_root, path);
  if (!below) return std::nullopt;
  return hierarchy.mount_point + *below;
}

}  // namespace brahe::cpu
