#include "userspace/exposition/families.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "userspace/exposition/exposition.h"

namespace brahe::exposition {
namespace {

constexpr std::string_view kCounter = "counter";
constexpr std::string_view kGauge = "gauge";
constexpr std::string_view kAlways = "";

// A figure in millionths; nullopt where it is not known, which leaves the sample out.
using Reading = std::optional<uint64_t> (*)(const monitor::EnergyFigure& figure);

std::optional<uint64_t> Energy(const monitor::EnergyFigure& figure) { return figure.energy.value; }

std::optional<uint64_t> Power(const monitor::EnergyFigure& figure) {
  return figure.power ? std::optional(figure.power->value) : std::nullopt;
}

size_t One(const RenderInput&) { return 1; }

// The node.

size_t Zones(const RenderInput& input) { return input.snapshot.zones.size(); }

template <monitor::EnergyFigure monitor::ZoneFigures::*kFigure, Reading kReading>
void AppendZone(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  const monitor::ZoneSeries& zone = input.snapshot.zones[item];
  const auto value = kReading(zone.figures.*kFigure);
  if (!value) return;
  Sample(family.name, out)
      .Labels(input.node_label)
      .Label("path", zone.path)
      .Label("zone", zone.name)
      .Millionths(*value);
}

void AppendUsageRatio(const RenderInput& input, const Family& family, size_t, std::string& out) {
  Sample(family.name, out).Labels(input.node_label).Millionths(input.snapshot.usage_ppm);
}

size_t Cpus(const RenderInput& input) { return input.snapshot.cpus ? input.snapshot.cpus->size() : 0; }

void AppendCpu(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  const cpu::CpuInfo& cpu = (*input.snapshot.cpus)[item];
  Sample(family.name, out)
      .Label("core_id", cpu.core_id)
      .Label("model_name", cpu.model_name)
      .Label("physical_id", cpu.physical_id)
      .Label("processor", cpu.processor)
      .Label("vendor_id", cpu.vendor_id)
      .Uint(1);
}

// Sockets.

size_t SocketZones(const RenderInput& input) { return input.snapshot.socket_zones.size(); }

std::string SocketText(const monitor::SocketZone& zone) {
  return zone.socket ? std::to_string(*zone.socket) : std::string();
}

template <monitor::EnergyFigure monitor::ZoneFigures::*kFigure>
void AppendSocketEnergy(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  const monitor::SocketZone& zone = input.snapshot.socket_zones[item];
  Sample(family.name, out)
      .Labels(input.node_label)
      .Label("path", zone.path)
      .Label("socket", SocketText(zone))
      .Label("zone", zone.name)
      .Millionths((zone.figures.*kFigure).energy.value);
}

void AppendStill(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  const monitor::SocketZone& zone = input.snapshot.socket_zones[item];
  Sample(family.name, out)
      .Labels(input.node_label)
      .Label("path", zone.path)
      .Label("socket", SocketText(zone))
      .Label("zone", zone.name)
      .Uint(zone.still ? 1 : 0);
}

// Zones that differ only in their path (the dies of one package) are one series here: their sum, in the place of the
// first.
template <uint64_t monitor::SocketZone::*kCount>
void AppendSocketCount(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  const std::vector<monitor::SocketZone>& zones = input.snapshot.socket_zones;
  uint64_t sum = 0;
  for (size_t other = 0; other < zones.size(); ++other) {
    if (zones[other].name != zones[item].name || zones[other].socket != zones[item].socket) continue;
    if (other < item) return;
    sum += zones[other].*kCount;
  }
  Sample(family.name, out)
      .Labels(input.node_label)
      .Label("socket", SocketText(zones[item]))
      .Label("zone", zones[item].name)
      .Uint(sum);
}

// Workloads. These make up nearly all of a large exposition: a workload's labels are spelt once for a family and copied
// from zone to zone.

template <auto kList>
size_t Workloads(const RenderInput& input) {
  return (input.*kList).workloads.size();
}

// Whether a workload has a series of its own in a zone, and whether it has any.
template <typename Labels>
bool IsListed(const RenderInput&, const RenderList<Labels>&, size_t, size_t) {
  return true;
}
bool IsListed(const RenderInput& input, const RenderList<monitor::ProcessLabels>&, size_t item, size_t zone) {
  return input.top_processes.Lists(item, zone);
}
template <typename Labels>
bool IsListed(const RenderInput&, const RenderList<Labels>&, size_t) {
  return true;
}
bool IsListed(const RenderInput& input, const RenderList<monitor::ProcessLabels>&, size_t item) {
  return input.top_processes.Lists(item);
}

// The sum of those of `group` that are listed; nullopt if there are none or a reading is not known.
template <typename Labels>
std::optional<uint64_t> SumOf(Reading reading, const RenderInput& input, const RenderList<Labels>& list,
                              std::span<const size_t> group, size_t zone) {
  std::optional<uint64_t> sum;
  for (const size_t item : group) {
    if (!IsListed(input, list, item, zone)) continue;
    const auto value = reading(list.workloads.At(item, zone));
    if (!value) return std::nullopt;
    sum = sum.value_or(0) + *value;
  }
  return sum;
}

template <auto kList, Reading kReading>
void AppendWorkload(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  const auto& list = input.*kList;
  const auto group = list.twins.Group(item);
  const size_t start = out.size();
  size_t labels_size = 0;
  for (size_t zone = 0; zone < input.zone_endings.size(); ++zone) {
    const auto value = SumOf(kReading, input, list, group, zone);
    if (!value) continue;
    if (labels_size == 0) {
      out.append(family.name).push_back('{');
      list.labels.AppendWithState(item, out);
      out.append(",zone=\"");
      labels_size = out.size() - start;
    } else {
      out.append(out, start, labels_size);
    }
    out.append(input.zone_endings[zone]);
    AppendMillionths(*value, out);
    out.push_back('\n');
  }
}

// The same for the CPU time of those of `group` that are listed in any zone.
template <typename Labels>
std::optional<Nanoseconds> CpuTimeOf(const RenderInput& input, const RenderList<Labels>& list,
                                     std::span<const size_t> group) {
  std::optional<Nanoseconds> sum;
  for (const size_t item : group) {
    if (IsListed(input, list, item)) sum = sum.value_or(Nanoseconds()) + list.workloads[item].cpu_time;
  }
  return sum;
}

// Kepler's series has no state: a running process and its terminated twins are one sample, so that the series does not
// go down when a pid is used again.
void AppendProcessTime(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  const RenderList<monitor::ProcessLabels>& list = input.processes;
  if (list.twins.HasRunningTwin(item)) return;
  auto time = CpuTimeOf(input, list, list.twins.Group(item));
  if (list.workloads[item].state == monitor::WorkloadState::kRunning) {
    const auto terminated = CpuTimeOf(input, list, list.twins.TerminatedTwinsOf(item));
    if (terminated) time = time.value_or(Nanoseconds()) + *terminated;
  }
  if (!time) return;
  out.append(family.name).push_back('{');
  list.labels.AppendWithoutState(item, out);
  out.append("} ");
  AppendBillionths(time->value, out);
  out.push_back('\n');
}

void AppendContainerTime(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  const RenderList<monitor::ContainerLabels>& list = input.containers;
  const auto time = CpuTimeOf(input, list, list.twins.Group(item));
  if (!time) return;
  out.append(family.name).push_back('{');
  list.labels.AppendWithState(item, out);
  out.append("} ");
  AppendBillionths(time->value, out);
  out.push_back('\n');
}

size_t UnlistedZones(const RenderInput& input) { return input.snapshot.processes.rest().size(); }

void AppendUnlisted(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  Sample(family.name, out)
      .Labels(input.node_label)
      .Label("zone", input.snapshot.zones[item].name)
      .Millionths((input.snapshot.processes.rest()[item].unlisted.energy + input.top_processes.unlisted()[item]).value);
}

// The exporter itself.

void AppendKeplerBuild(const RenderInput& input, const Family& family, size_t, std::string& out) {
  Sample(family.name, out)
      .Label("arch", input.options.arch)
      .Label("branch", input.options.branch)
      .Label("goversion", "")
      .Label("revision", input.options.revision)
      .Label("version", input.options.version)
      .Uint(1);
}

void AppendBuild(const RenderInput& input, const Family& family, size_t, std::string& out) {
  Sample(family.name, out).Label("revision", input.options.revision).Label("version", input.options.version).Uint(1);
}

void AppendEnergySource(const RenderInput& input, const Family& family, size_t, std::string& out) {
  Sample(family.name, out)
      .Label("measured", input.snapshot.energy_measured ? "true" : "false")
      .Labels(input.node_label)
      .Label("source", input.snapshot.energy_source)
      .Uint(1);
}

void AppendCpuTimeSource(const RenderInput& input, const Family& family, size_t, std::string& out) {
  Sample(family.name, out).Labels(input.node_label).Label("source", input.snapshot.cpu_time_source).Uint(1);
}

void AppendUnassigned(const RenderInput& input, const Family& family, size_t, std::string& out) {
  Sample(family.name, out).Labels(input.node_label).Billionths(input.snapshot.unassigned_time.value);
}

bool UsesBpf(const RenderInput& input) { return input.snapshot.cpu_time_source == "bpf"; }

size_t OneIfBpf(const RenderInput& input) { return UsesBpf(input) ? 1 : 0; }

size_t TwoIfBpf(const RenderInput& input) { return UsesBpf(input) ? 2 : 0; }

template <uint64_t cpu::CpuTimeSourceStats::*kCount>
void AppendKernelCount(const RenderInput& input, const Family& family, size_t, std::string& out) {
  Sample(family.name, out).Labels(input.node_label).Uint(input.snapshot.kernel.*kCount);
}

template <uint64_t cpu::CpuTimeSourceStats::*kProcs, uint64_t cpu::CpuTimeSourceStats::*kOverflow>
void AppendMap(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  const bool procs = item == 0;
  Sample(family.name, out)
      .Label("map", procs ? "procs" : "cg_overflow")
      .Labels(input.node_label)
      .Uint(input.snapshot.kernel.*(procs ? kProcs : kOverflow));
}

template <Nanoseconds cpu::CpuTimeSourceStats::*kTime>
void AppendKernelTime(const RenderInput& input, const Family& family, size_t, std::string& out) {
  Sample(family.name, out).Labels(input.node_label).Billionths((input.snapshot.kernel.*kTime).value);
}

size_t Programs(const RenderInput& input) { return UsesBpf(input) ? input.snapshot.kernel.programs.size() : 0; }

Sample ProgramSample(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  return Sample(family.name, out).Labels(input.node_label).Label("program", input.snapshot.kernel.programs[item].name);
}

void AppendProgramRuns(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  ProgramSample(input, family, item, out).Uint(input.snapshot.kernel.programs[item].runs);
}

void AppendProgramTime(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  ProgramSample(input, family, item, out).Billionths(input.snapshot.kernel.programs[item].run_time.value);
}

void AppendProgramMisses(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  if (const auto misses = input.snapshot.kernel.programs[item].recursion_misses) {
    ProgramSample(input, family, item, out).Uint(*misses);
  }
}

size_t Features(const RenderInput& input) { return UsesBpf(input) ? input.snapshot.kernel.features.size() : 0; }

void AppendFeature(const RenderInput& input, const Family& family, size_t item, std::string& out) {
  const cpu::KernelFeature& feature = input.snapshot.kernel.features[item];
  Sample(family.name, out)
      .Label("feature", feature.name)
      .Labels(input.node_label)
      .Label("state", feature.on ? "on" : "off")
      .Uint(1);
}

// Kepler's names, types and help texts are kept to the letter.
constexpr Family kFamilies[] = {
    {"kepler_build_info", kGauge, "A metric with a constant '1' value labeled with version information", kAlways, One,
     AppendKeplerBuild},
    {"kepler_node_cpu_info", kGauge, "CPU information from procfs", kAlways, Cpus, AppendCpu},
    {"kepler_node_cpu_joules_total", kCounter, "Energy consumption of cpu at node level in joules", "node", Zones,
     AppendZone<&monitor::ZoneFigures::all, Energy>},
    {"kepler_node_cpu_active_joules_total", kCounter,
     "Energy consumption of cpu in active state at node level in joules", "node", Zones,
     AppendZone<&monitor::ZoneFigures::active, Energy>},
    {"kepler_node_cpu_idle_joules_total", kCounter, "Energy consumption of cpu in idle state at node level in joules",
     "node", Zones, AppendZone<&monitor::ZoneFigures::idle, Energy>},
    {"kepler_node_cpu_watts", kGauge, "Power consumption of cpu at node level in watts", "node", Zones,
     AppendZone<&monitor::ZoneFigures::all, Power>},
    {"kepler_node_cpu_active_watts", kGauge, "Power consumption of cpu in active state at node level in watts", "node",
     Zones, AppendZone<&monitor::ZoneFigures::active, Power>},
    {"kepler_node_cpu_idle_watts", kGauge, "Power consumption of cpu in idle state at node level in watts", "node",
     Zones, AppendZone<&monitor::ZoneFigures::idle, Power>},
    {"kepler_node_cpu_usage_ratio", kGauge, "CPU usage ratio of a node (value between 0.0 and 1.0)", "node", One,
     AppendUsageRatio},
    {"kepler_process_cpu_joules_total", kCounter, "Energy consumption of cpu at process level in joules", "process",
     Workloads<&RenderInput::processes>, AppendWorkload<&RenderInput::processes, Energy>},
    {"kepler_process_cpu_watts", kGauge, "Power consumption of cpu at process level in watts", "process",
     Workloads<&RenderInput::processes>, AppendWorkload<&RenderInput::processes, Power>},
    {"kepler_process_cpu_seconds_total", kCounter, "Total user and system time of cpu at process level in seconds",
     "process", Workloads<&RenderInput::processes>, AppendProcessTime},
    {"kepler_container_cpu_joules_total", kCounter, "Energy consumption of cpu at container level in joules",
     "container", Workloads<&RenderInput::containers>, AppendWorkload<&RenderInput::containers, Energy>},
    {"kepler_container_cpu_watts", kGauge, "Power consumption of cpu at container level in watts", "container",
     Workloads<&RenderInput::containers>, AppendWorkload<&RenderInput::containers, Power>},
    {"kepler_container_cpu_seconds_total", kCounter, "Total user and system time of cpu at container level in seconds",
     "container", Workloads<&RenderInput::containers>, AppendContainerTime},
    {"kepler_vm_cpu_joules_total", kCounter, "Energy consumption of cpu at vm level in joules", "vm",
     Workloads<&RenderInput::vms>, AppendWorkload<&RenderInput::vms, Energy>},
    {"kepler_vm_cpu_watts", kGauge, "Power consumption of cpu at vm level in watts", "vm", Workloads<&RenderInput::vms>,
     AppendWorkload<&RenderInput::vms, Power>},
    {"kepler_pod_cpu_joules_total", kCounter, "Energy consumption of cpu at pod level in joules", "pod",
     Workloads<&RenderInput::pods>, AppendWorkload<&RenderInput::pods, Energy>},
    {"kepler_pod_cpu_watts", kGauge, "Power consumption of cpu at pod level in watts", "pod",
     Workloads<&RenderInput::pods>, AppendWorkload<&RenderInput::pods, Power>},

    {"brahe_build_info", kGauge, "Constant 1, labelled with what was built", kAlways, One, AppendBuild},
    {"brahe_energy_source_info", kGauge, "Constant 1, labelled with where energy figures come from", kAlways, One,
     AppendEnergySource},
    {"brahe_cpu_time_source_info", kGauge, "Constant 1, labelled with where CPU time figures come from", kAlways, One,
     AppendCpuTimeSource},
    {"brahe_socket_cpu_joules_total", kCounter, "Energy used in one zone of one socket, in joules", "node", SocketZones,
     AppendSocketEnergy<&monitor::ZoneFigures::all>},
    {"brahe_socket_cpu_active_joules_total", kCounter,
     "Energy used in one zone of one socket while its CPUs were busy, in joules", "node", SocketZones,
     AppendSocketEnergy<&monitor::ZoneFigures::active>},
    {"brahe_socket_cpu_idle_joules_total", kCounter,
     "Energy used in one zone of one socket while its CPUs were idle, in joules", "node", SocketZones,
     AppendSocketEnergy<&monitor::ZoneFigures::idle>},
    {"brahe_process_unlisted_joules_total", kCounter,
     "Active energy that is in no listed process, in joules; listed and unlisted add up to the node's active energy",
     "process", UnlistedZones, AppendUnlisted},
    {"brahe_unassigned_cpu_seconds_total", kCounter, "CPU time that could not be assigned to a process", kAlways, One,
     AppendUnassigned},
    {"brahe_energy_read_errors_total", kCounter, "Failed readings of an energy counter", kAlways, SocketZones,
     AppendSocketCount<&monitor::SocketZone::read_errors>},
    {"brahe_energy_resets_total", kCounter, "Steps of an energy counter that were taken for a reset and not charged",
     kAlways, SocketZones, AppendSocketCount<&monitor::SocketZone::resets>},
    {"brahe_energy_zone_still", kGauge, "1 while an energy counter stands still though its CPUs are busy, else 0",
     kAlways, SocketZones, AppendStill},
    {"brahe_bpf_feature", kGauge,
     "A metric with a constant '1' value, labeled by what the kernel side can do without and whether it has it",
     kAlways, Features, AppendFeature},
    {"brahe_bpf_map_entries", kGauge, "Entries in use of a BPF map", kAlways, TwoIfBpf,
     AppendMap<&cpu::CpuTimeSourceStats::map_entries, &cpu::CpuTimeSourceStats::overflow_entries>},
    {"brahe_bpf_map_capacity", kGauge, "Most entries that a BPF map can hold", kAlways, TwoIfBpf,
     AppendMap<&cpu::CpuTimeSourceStats::map_capacity, &cpu::CpuTimeSourceStats::overflow_capacity>},
    {"brahe_bpf_switches_total", kCounter, "Context switches that the BPF program has seen", kAlways, OneIfBpf,
     AppendKernelCount<&cpu::CpuTimeSourceStats::switches>},
    {"brahe_bpf_repaired_events_total", kCounter, "Context switches whose gap in the record was repaired", kAlways,
     OneIfBpf, AppendKernelCount<&cpu::CpuTimeSourceStats::repaired_events>},
    {"brahe_bpf_dropped_events_total", kCounter, "Events that the BPF program could not record", kAlways, OneIfBpf,
     AppendKernelCount<&cpu::CpuTimeSourceStats::dropped_events>},
    {"brahe_bpf_runs_total", kCounter, "Runs of a BPF program, counted while sysctl kernel.bpf_stats_enabled is 1",
     kAlways, Programs, AppendProgramRuns},
    {"brahe_bpf_run_seconds_total", kCounter,
     "Time that a BPF program ran, counted while sysctl kernel.bpf_stats_enabled is 1", kAlways, Programs,
     AppendProgramTime},
    {"brahe_bpf_recursion_misses_total", kCounter,
     "Runs of a BPF program that the kernel left out because the program was running already", kAlways, Programs,
     AppendProgramMisses},
    {"brahe_late_cuts_total", kCounter,
     "Epochs whose end was announced too late because the machine stood still; some of their time is in the epoch "
     "before",
     kAlways, OneIfBpf, AppendKernelCount<&cpu::CpuTimeSourceStats::late_cuts>},
    {"brahe_lost_cpu_seconds_total", kCounter,
     "CPU time that fitted no BPF map; a part of brahe_unassigned_cpu_seconds_total", kAlways, OneIfBpf,
     AppendKernelTime<&cpu::CpuTimeSourceStats::lost>},
    {"brahe_conservation_error_seconds_total", kCounter,
     "By how much busy and idle time differed from the CPUs' capacity as counted, before the books were closed",
     kAlways, OneIfBpf, AppendKernelTime<&cpu::CpuTimeSourceStats::conservation_error>},
};

std::string SpellNodeLabel(const std::string& node_name) {
  std::string label = "node_name=\"";
  AppendEscaped(node_name, label);
  label.push_back('"');
  return label;
}

std::vector<std::string> SpellZoneEndings(const std::vector<monitor::ZoneSeries>& zones) {
  std::vector<std::string> endings;
  for (const monitor::ZoneSeries& zone : zones) {
    std::string& ending = endings.emplace_back();
    AppendEscaped(zone.name, ending);
    ending.append("\"} ");
  }
  return endings;
}

}  // namespace

RenderInput::RenderInput(std::shared_ptr<const monitor::Snapshot> source, RenderOptions render_options)
    : owner(std::move(source)),
      snapshot(*owner),
      options(std::move(render_options)),
      node_label(SpellNodeLabel(options.node_name)),
      zone_endings(SpellZoneEndings(snapshot.zones)),
      processes(snapshot.processes, node_label, IsChosen("process", options)),
      containers(snapshot.containers, node_label, IsChosen("container", options)),
      vms(snapshot.vms, node_label, IsChosen("vm", options)),
      pods(snapshot.pods, node_label, IsChosen("pod", options)),
      top_processes(snapshot.processes, snapshot.zones.size(), options.top_processes) {}

bool IsChosen(std::string_view level, const RenderOptions& options) {
  return level.empty() || std::find(options.levels.begin(), options.levels.end(), level) != options.levels.end();
}

std::span<const Family> Families() { return kFamilies; }

}  // namespace brahe::exposition
