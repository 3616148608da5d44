#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/workload/workload.h"

namespace brahe {

// What containers are called on this machine, whether Kubernetes runs them or not. In this order:
//
// 1. The id, where people choose it themselves and there is no other name (LXC, systemd-nspawn).
// 2. The arguments of conmon, which podman and CRI-O set over each container: they are the runtime's own word, are
//    there as long as the container runs, and also where each user has containers of his own.
// 3. The files in which docker and containerd keep their containers. The runtime's word as well, but only for those
//    that keep them in the usual folder. They outlive the processes, so that a short container has a name too.
// 4. CONTAINER_NAME in the environment of a process in the container, last because an image or the workload may set it
//    to anything.
//
// The files are those of the host that pid 1 lives in (PROCFS/1/root), which takes CAP_SYS_PTRACE, as environments do.
// What cannot be read tells nothing. Keeps nothing: the caller does not ask again and again. Not thread-safe.
class ContainerNames {
 public:
  explicit ContainerNames(std::string procfs_root);

  // The name of `container`; empty: not known. `pids` are processes that were in it lately. One is believed only if its
  // cgroups say that it is there now, so that nobody who has got its pid since is asked.
  [[nodiscard]] std::string Find(const Container& container, const std::vector<uint32_t>& pids) const;

 private:
  [[nodiscard]] std::string FindByConmon(uint32_t pid, const std::string& id) const;
  [[nodiscard]] std::string FindByFiles(const std::string& id) const;
  [[nodiscard]] std::string FindByEnvironment(uint32_t pid, const std::string& id) const;
  [[nodiscard]] std::optional<bool> IsIn(uint32_t pid, const std::string& id) const;
  [[nodiscard]] std::optional<uint32_t> ParentOf(uint32_t pid) const;
  [[nodiscard]] std::string FileOf(uint32_t pid, std::string_view name) const;

  std::string procfs_root_;
};

}  // namespace brahe
