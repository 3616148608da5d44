#include "userspace/run/command_cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <glog/logging.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "userspace/base/clock.h"
#include "userspace/base/file.h"

namespace brahe::run {
namespace {

constexpr size_t kProcsLimit = 16 << 20;  // 2 million pids

Error NoCgroup(const Error& why) {
  return {why.code, why.message +
                        ": each command gets a cgroup of its own, so that none of its processes is missed; make the "
                        "cgroup file system writable (as root; in a container mount the host's read-write)"};
}

std::vector<pid_t> ProcessesOf(const std::string& folder) {
  std::vector<pid_t> pids;
  const auto text = ReadFile(folder + "/cgroup.procs", kProcsLimit);
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    // 0: in a pid namespace that cannot be seen.
    if (const uint64_t pid = ParseUint64(line).value_or(0); pid != 0) pids.push_back(static_cast<pid_t>(pid));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return pids;
}

Status MoveTo(const std::string& folder, pid_t pid) {
  const std::string path = folder + "/cgroup.procs";
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  const std::string text = std::to_string(pid);
  if (!file.valid()) return SystemError("open " + path);
  if (write(file.get(), text.data(), text.size()) < 0) return SystemError("write " + text + " to " + path);
  return {};
}

std::string CommOf(pid_t pid) {
  const auto comm = ReadFile("/proc/" + std::to_string(pid) + "/comm");
  return comm ? std::string(Trim(*comm)) : "";
}

}  // namespace

Result<std::string> CgroupFolderOf(const std::string& procfs_root, const std::string& process,
                                   const cpu::CgroupHierarchy& hierarchy) {
  if (hierarchy.mount_point.empty()) return NoCgroup(MakeError("no cgroup hierarchy is mounted"));
  const std::string file = procfs_root + "/" + process + "/cgroup";
  const auto text = ReadFile(file);
  if (!text) return NoCgroup(text.error());
  const auto path = cpu::PathInHierarchy(*text, hierarchy);
  const auto folder = path ? cpu::FolderOfCgroup(*path, hierarchy) : std::nullopt;
  if (!folder) return NoCgroup(MakeError(file + ": the cgroup that the process is in cannot be seen"));
  return WithoutSlashAtEnd(*folder);
}

std::vector<std::string> CgroupTree(const std::string& folder) {
  std::vector<std::string> tree;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(folder.c_str()), closedir);
  if (directory == nullptr) return tree;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (entry->d_type != DT_DIR || name == "." || name == "..") continue;
    for (std::string& below : CgroupTree(folder + "/" + entry->d_name)) tree.push_back(std::move(below));
  }
  tree.push_back(folder);
  return tree;
}

Result<CommandCgroup> CommandCgroup::Make(const std::string& parent, const std::string& name) {
  std::string folder = parent + "/" + name;
  if (mkdir(folder.c_str(), 0755) != 0) return NoCgroup(SystemError("make cgroup " + folder));
  struct stat status;
  if (stat(folder.c_str(), &status) != 0) {
    const Error why = SystemError("stat " + folder);
    rmdir(folder.c_str());
    return why;
  }
  return CommandCgroup(parent, std::move(folder), status.st_ino);
}

CommandCgroup::CommandCgroup(CommandCgroup&& other) noexcept
    : parent_(std::move(other.parent_)), folder_(std::exchange(other.folder_, "")), id_(other.id_) {}

CommandCgroup::~CommandCgroup() { Leave(); }

Status CommandCgroup::Take(pid_t pid) const {
  const Status moved = MoveTo(folder_, pid);
  if (!moved) return NoCgroup(moved.error());
  return {};
}

std::vector<LeftProcess> CommandCgroup::Processes() const {
  std::vector<LeftProcess> processes;
  for (const std::string& folder : CgroupTree(folder_)) {
    for (const pid_t pid : ProcessesOf(folder)) processes.push_back({pid, CommOf(pid)});
  }
  return processes;
}

void CommandCgroup::MoveOut(std::vector<LeftProcess>& moved) const {
  for (LeftProcess& process : Processes()) {
    if (MoveTo(parent_, process.pid)) moved.push_back(std::move(process));
  }
}

std::vector<LeftProcess> CommandCgroup::Leave() {
  // A process may fork while it is moved, and one that has ended holds its cgroup for a moment longer.
  constexpr int kAttempts = 500;
  std::vector<LeftProcess> moved;
  if (folder_.empty()) return moved;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    MoveOut(moved);
    for (const std::string& folder : CgroupTree(folder_)) rmdir(folder.c_str());
    if (access(folder_.c_str(), F_OK) != 0) {
      folder_.clear();
      return moved;
    }
    SystemClock().SleepUntil(SystemClock().Now() + Milliseconds(2));
  }
  LOG(WARNING) << SystemError("remove cgroup " + std::exchange(folder_, ""), EBUSY).message;
  return moved;
}

}  // namespace brahe::run
