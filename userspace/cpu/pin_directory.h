#pragma once

#include <string>

#include "userspace/base/file.h"
#include "userspace/base/result.h"

namespace brahe {

// One running instance's claim to the kernel side. The kernel would let a second one attach and pay for every switch
// twice, so it is refused. The claim is a flock and ends with the process, however it ends.
class InstanceLock {
 public:
  // Error with code EWOULDBLOCK if another process holds `path`.
  static Result<InstanceLock> Take(const std::string& path);

 private:
  explicit InstanceLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// A folder under the BPF file system in which the exporter's maps and links have names, for bpftool. Made empty at the
// start (what an instance left that was killed is removed: the lock says that nobody uses it) and removed at the end.
class PinDirectory {
 public:
  // Error that says how to mount the BPF file system where `path` does not lie on one.
  static Result<PinDirectory> Create(const std::string& path);
  PinDirectory(PinDirectory&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  PinDirectory& operator=(PinDirectory&&) = delete;
  ~PinDirectory();

  // Where `name` is to be pinned. The BPF file system takes no dots in names: they become underscores.
  [[nodiscard]] std::string PathOf(std::string name) const;

 private:
  explicit PinDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace brahe
