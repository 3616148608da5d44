#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace brahe::workload {

// The folders in which dockerd keeps its containers where it was told another than /var/lib/docker. A dockerd is a
// process of that name that is root's and in no container, so that nobody else can tell names of containers; where
// dockerd runs without root, the bundle of each container tells.
//
// Looking through all processes takes long: it is done at the first question and then at one of many. Not thread-safe.
class DockerRoots {
 public:
  // `root` is the user that is believed.
  explicit DockerRoots(std::string procfs_root, uid_t root = 0) : procfs_root_(std::move(procfs_root)), root_(root) {}

  // As the host that pid 1 lives in calls them.
  const std::vector<std::string>& Find();

 private:
  void Look();
  [[nodiscard]] bool IsDockerd(const std::string& folder) const;
  [[nodiscard]] std::string RootOf(const std::string& folder) const;

  std::string procfs_root_;
  uid_t root_;
  std::vector<std::string> roots_;
  uint64_t questions_ = 0;
};

}  // namespace brahe::workload
