#pragma once

#include <string>

namespace brahe {

// A container, as far as the cgroup path tells.
struct Container {
  std::string id;       // as the runtime calls it, mostly 64 hex digits
  std::string runtime;  // docker, containerd, crio, podman, kubernetes
  std::string pod_uid;  // from a kubepods path; empty elsewhere
};

// What a process is to its users. Every string may hold any bytes: escaping is the exporter's.
struct ProcessFacts {
  std::string comm;
  std::string exe;  // target of /proc/PID/exe, else the path given to exec, else empty
  bool operator==(const ProcessFacts&) const = default;
};

}  // namespace brahe
