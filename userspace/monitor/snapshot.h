#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/process_key.h"
#include "userspace/base/units.h"
#include "userspace/cpu/cpu_info.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/energy/zone_state.h"
#include "userspace/monitor/shared_text.h"
#include "userspace/monitor/workload_list.h"

namespace brahe::monitor {

// A zone's three figures; the sum of active and idle is `all`.
struct ZoneFigures {
  EnergyFigure all, active, idle;
};

// An exported zone: the sum of the zones of that name over all sockets.
struct ZoneSeries {
  std::string name;  // "package", ...
  std::string path;  // the zone's path, or "aggregated-package" where several zones are summed
  ZoneFigures figures;
  energy::ZoneState state = {};  // of all its zones together
};

// One zone of one socket (or of the whole machine), as the meter has it.
struct SocketZone {
  std::string name;
  std::string path;
  std::optional<uint32_t> socket;
  ZoneFigures figures;
  energy::ZoneState state = {};
  std::optional<Microwatts> idle_power = {};  // what it is thought to draw when nothing runs; nullopt: nothing is
};

// Labels of a process; shared by all snapshots that list it.
struct ProcessLabels {
  uint32_t pid = 0;
  std::string comm;
  SharedText exe;
  std::string_view type;    // regular, container or vm: a literal
  SharedText container_id;  // empty: in none
  SharedText vm_id;         // empty: no virtual machine

  bool operator==(const ProcessLabels&) const = default;
};

// What its type is, after its container and its virtual machine.
inline std::string_view TypeOf(const ProcessLabels& labels) {
  return !labels.vm_id.empty() ? "vm" : !labels.container_id.empty() ? "container" : "regular";
}

struct ContainerLabels {
  std::string id;
  std::string name;  // empty: not known (yet)
  std::string runtime;
  std::string pod_id;  // empty: in no pod, or not known (yet)

  bool operator==(const ContainerLabels&) const = default;
};

struct VmLabels {
  std::string id;
  std::string name;  // empty: not known
  std::string hypervisor;

  bool operator==(const VmLabels&) const = default;
};

struct PodLabels {
  std::string id;          // its uid
  std::string name;        // empty: not known (yet)
  std::string name_space;  // the same

  bool operator==(const PodLabels&) const = default;
};

// Labels of a group: their values, in the order of the names in GroupList.
struct GroupLabels {
  std::vector<std::string> values;

  bool operator==(const GroupLabels&) const = default;
};

// The groups of a level whose groups outlive their members, such as namespaces or programs.
struct GroupList {
  std::string_view level;                     // "namespace"; a literal
  std::vector<std::string_view> label_names;  // in alphabetical order; literals
  WorkloadList<GroupLabels> groups;           // all running: a group does not end
  bool by_pod = false;                        // decided by pods, so that energy may be pending
};

struct GpuFigures;  // in gpu_figures.h

// The state of all books after one epoch. Immutable once published; any thread may read it.
struct Snapshot {
  uint64_t epoch = 0;    // 1, 2, 3, ...
  Nanoseconds time;      // the cut that ended it, on CLOCK_MONOTONIC
  uint64_t unix_ms = 0;  // the same instant as wall-clock time
  Nanoseconds duration;  // of the last epoch
  // How long the machine was suspended in all when it ended, which `time` and `duration` leave out.
  Nanoseconds suspended;
  Nanoseconds begin;  // the cut that began the first epoch, on CLOCK_MONOTONIC: when all books were at 0
  std::vector<ZoneSeries> zones;
  size_t primary_zone = 0;  // the index of the one that workloads are ranked by
  std::vector<SocketZone> socket_zones;
  uint64_t usage_ppm = 0;  // busy share of all online CPUs in the last epoch, in millionths
  WorkloadList<ProcessLabels> processes;
  WorkloadList<ContainerLabels> containers;
  WorkloadList<VmLabels> vms;
  WorkloadList<PodLabels> pods;
  std::shared_ptr<const GpuFigures> gpus;  // null: there are none
  std::vector<GroupList> groups;           // the levels that have any, in the order of docs/metrics.md
  Nanoseconds unassigned_time;
  std::string cpu_time_source;                            // "bpf" or "procfs"
  cpu::CpuTimeSourceStats kernel;                         // all 0 where the source has no kernel side
  std::shared_ptr<const std::vector<cpu::CpuInfo>> cpus;  // of kepler_node_cpu_info
};

}  // namespace brahe::monitor
