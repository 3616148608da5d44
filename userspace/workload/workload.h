#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace brahe::workload {

// A container, as far as the cgroup path tells.
struct Container {
  std::string id;           // as the runtime calls it: mostly 64 hex digits, else a name; a step of a job for Slurm
  std::string runtime;      // docker, containerd, crio, podman, kubernetes, lxc, ...: see docs/workloads.md
  std::string pod_uid;      // from a kubepods path; empty elsewhere
  std::string cgroup = {};  // the path of the container's own cgroup, which need not hold its id
  // The path of the cgroup below which others than the system chose its name: a user's own tree, or the container that
  // it lies in. Empty: the system chose it. Two containers with one id are the same only in one tree.
  std::string tree = {};
  bool of_user = false;  // lies in a user's own tree, at any depth
};

// Whether the path tells the container's runtime. "kubernetes" and "unknown" are of paths that do not.
inline bool TellsRuntime(const Container& container) {
  return container.runtime != "kubernetes" && container.runtime != "unknown";
}

// A virtual machine, as the command line of its hypervisor's process tells.
struct VirtualMachine {
  std::string id;          // its uuid or what else is its own, else its name, else a hash of the whole command line
  std::string name;        // empty if unknown
  std::string hypervisor;  // kvm, xen, virtualbox, ...: see docs/workloads.md
  bool operator==(const VirtualMachine&) const = default;
};

// A pod, as Kubernetes calls it.
struct Pod {
  std::string uid;           // as it stands in the pod's cgroup path
  std::string name;          // empty as long as only the uid is known
  std::string name_space;    // the same
  std::string runtime = {};  // of its containers, in Container's words; empty: not known
  // What manages it: Deployment, StatefulSet, DaemonSet, Job, CronJob, ...; empty: nothing, or not known.
  std::string owner_kind = {};
  std::string owner_name = {};
  bool operator==(const Pod&) const = default;
};

// A container's place in its pod.
struct PodMember {
  Pod pod;
  std::string container_name;
  bool operator==(const PodMember&) const = default;
};

// What the path of a cgroup tells besides the container. Empty: nothing.
struct CgroupFacts {
  std::string unit;                 // the systemd unit, see docs/workloads.md
  std::string scheduler;            // of batch jobs: "slurm"
  std::string job;                  // the job's id
  std::optional<uint32_t> job_uid;  // whose job it is, where the path tells
  bool operator==(const CgroupFacts&) const = default;
};

// What a process is to its users. Every string may hold any bytes: escaping is the exporter's.
struct ProcessFacts {
  std::string comm;
  std::string exe;                        // target of /proc/PID/exe, else the path given to exec, else empty
  std::optional<VirtualMachine> vm = {};  // the one that the process, or the one that the kernel thread works for, runs
  std::optional<uint32_t> uid = {};       // its real user id, as the host's user namespace has it
  bool complete = true;                   // false: some of it could not be read, which may be so for a moment
  bool operator==(const ProcessFacts&) const = default;
};

}  // namespace brahe::workload
