#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/workload/docker_roots.h"
#include "userspace/workload/workload.h"

namespace brahe::workload {

// What containers are called on this machine, whether Kubernetes runs them or not. In this order:
//
// 1. The id, where people choose it themselves and there is no other name (LXC, systemd-nspawn).
// 2. The arguments of conmon, which podman and CRI-O set over each container: they are the runtime's own word, are
//    there as long as the container runs, and also where each user has containers of his own.
// 3. The files in which docker and containerd keep their containers. The runtime's word as well. They outlive the
//    processes, so that a short container has a name too: where they lie in a usual folder, in one that the shim over a
//    container has shown, or in one that dockerd was told.
// 4. CONTAINER_NAME in the environment of a process in the container, because an image or the workload may set it to
//    anything.
// 5. "POD", where it is a pod's and a process in it is called pause: the container that holds the pod's namespaces. The
//    others of a pod have the names that the pod gives them.
//
// A container of a user's own tree may have another's id: of the files, those alone tell to which its own shim leads.
//
// The files are those of the host that pid 1 lives in (PROCFS/1/root), and of the mount namespace of the container's
// own shim (PROCFS/PID/root). That takes CAP_SYS_PTRACE, as environments do. What cannot be read tells nothing. Keeps
// no names: the caller does not ask again and again. Not thread-safe.
class ContainerNames {
 public:
  explicit ContainerNames(std::string procfs_root);

  // The name of `container`; empty: not known. `pids` are processes that were in it lately. One is believed only if its
  // cgroups say that it is there now, so that nobody who has got its pid since is asked.
  [[nodiscard]] std::string Find(const Container& container, const std::vector<uint32_t>& pids);

 private:
  // Asks the processes above `pid`, the nearest first, until one answers.
  [[nodiscard]] std::string AskAbove(uint32_t pid, const std::function<std::string(uint32_t)>& ask) const;
  [[nodiscard]] std::string FindByConmon(uint32_t pid, const std::string& id) const;
  [[nodiscard]] std::string FindByShim(uint32_t pid, const Container& container);
  void LearnBundles(const std::string& folder);
  [[nodiscard]] std::string FindByFiles(const Container& container);
  [[nodiscard]] std::string FindByEnvironment(uint32_t pid, const std::string& id) const;
  [[nodiscard]] bool IsPause(uint32_t pid, const std::string& id) const;
  [[nodiscard]] std::optional<bool> IsIn(uint32_t pid, const std::string& id) const;
  [[nodiscard]] std::optional<uint32_t> ParentOf(uint32_t pid) const;
  [[nodiscard]] std::string FileOf(uint32_t pid, std::string_view name) const;

  std::string procfs_root_;
  std::string host_;  // the root folder of the host
  DockerRoots docker_roots_;
  std::vector<std::string> bundle_folders_;  // that shims have shown, each of one namespace
};

}  // namespace brahe::workload
