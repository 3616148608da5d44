#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/cpu/cgroup_hierarchy.h"

namespace brahe::run {

// A process of a command that has ended itself.
struct LeftProcess {
  pid_t pid = 0;
  std::string comm;  // any bytes

  bool operator==(const LeftProcess&) const = default;
};

// The folder of the cgroup that a process is in, in the hierarchy that CPU time is accounted by. `process` is its pid,
// or "self". An Error that says what to do where it is not to be seen.
Result<std::string> CgroupFolderOf(const std::string& procfs_root, const std::string& process,
                                   const cpu::CgroupHierarchy& hierarchy);

// A cgroup for one command: whatever the command starts is in it or below it, whoever its parent is by then. Not
// thread-safe.
class CommandCgroup {
 public:
  // Makes the folder `name` in `parent`. An Error that says what to do where cgroups cannot be made.
  static Result<CommandCgroup> Make(const std::string& parent, const std::string& name);
  CommandCgroup(CommandCgroup&& other) noexcept;
  CommandCgroup& operator=(CommandCgroup&&) = delete;
  // As Leave.
  ~CommandCgroup();

  [[nodiscard]] const std::string& folder() const { return folder_; }
  // The inode of its folder.
  [[nodiscard]] uint64_t id() const { return id_; }

  // Moves a process in.
  [[nodiscard]] Status Take(pid_t pid) const;
  // The processes that live in it and in the cgroups below it.
  [[nodiscard]] std::vector<LeftProcess> Processes() const;
  // Moves what still lives in it to the parent and removes it, with what was made below it. Returns what was moved.
  std::vector<LeftProcess> Leave();

 private:
  CommandCgroup(std::string parent, std::string folder, uint64_t id)
      : parent_(std::move(parent)), folder_(std::move(folder)), id_(id) {}
  void MoveOut(std::vector<LeftProcess>& moved) const;

  std::string parent_;
  std::string folder_;  // empty: removed
  uint64_t id_;
};

// The cgroups at and below `folder`, the deepest first.
std::vector<std::string> CgroupTree(const std::string& folder);

}  // namespace brahe::run
