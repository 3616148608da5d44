#include "userspace/exposition/families.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "userspace/exposition/beginning.h"

namespace brahe::exposition {
namespace {

constexpr FamilyType kCounter = FamilyType::kCounter;
constexpr FamilyType kGauge = FamilyType::kGauge;
constexpr std::string_view kAlways = "";

// A figure in millionths; nullopt where it is not known, which leaves the sample out.
using Reading = std::optional<uint64_t> (*)(const monitor::EnergyFigure& figure);

std::optional<uint64_t> Energy(const monitor::EnergyFigure& figure) { return figure.energy.value; }

std::optional<uint64_t> Power(const monitor::EnergyFigure& figure) {
  return figure.power ? std::optional(figure.power->value) : std::nullopt;
}

LabelledSample NewSample(const RenderInput& input, SampleWriter& out) { return {input.spelling, out}; }

// The start of what counts since the exporter began.
std::optional<uint64_t> StartOfAll(const RenderInput& input) { return input.clock.UnixMs(input.snapshot.begin); }

size_t One(const RenderInput&, const Family&) { return 1; }

// The node.

size_t Zones(const RenderInput& input, const Family&) { return input.snapshot.zones.size(); }

template <monitor::EnergyFigure monitor::ZoneFigures::*kFigure, Reading kReading>
void AppendZone(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const monitor::ZoneSeries& zone = input.snapshot.zones[item];
  const auto value = kReading(zone.figures.*kFigure);
  if (!value) return;
  NewSample(input, out)
      .Labels(input.node_label)
      .Label("path", zone.path)
      .Label("zone", zone.name)
      .Start(StartOfAll(input))
      .Millionths(*value);
}

void AppendUsageRatio(const RenderInput& input, const Family&, size_t, SampleWriter& out) {
  NewSample(input, out).Labels(input.node_label).Millionths(input.snapshot.usage_ppm);
}

size_t Cpus(const RenderInput& input, const Family&) {
  return input.options.cpu_info && input.snapshot.cpus ? input.snapshot.cpus->size() : 0;
}

void AppendCpu(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const cpu::CpuInfo& cpu = (*input.snapshot.cpus)[item];
  NewSample(input, out)
      .Label("core_id", cpu.core_id)
      .Label("model_name", cpu.model_name)
      .Label("physical_id", cpu.physical_id)
      .Label("processor", cpu.processor)
      .Label("vendor_id", cpu.vendor_id)
      .Ones(1);
}

// Sockets.

size_t SocketZones(const RenderInput& input, const Family&) { return input.snapshot.socket_zones.size(); }

std::string SocketText(const monitor::SocketZone& zone) {
  return zone.socket ? std::to_string(*zone.socket) : std::string();
}

template <monitor::EnergyFigure monitor::ZoneFigures::*kFigure>
void AppendSocketEnergy(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const monitor::SocketZone& zone = input.snapshot.socket_zones[item];
  NewSample(input, out)
      .Labels(input.node_label)
      .Label("path", zone.path)
      .Label("socket", SocketText(zone))
      .Label("zone", zone.name)
      .Start(StartOfAll(input))
      .Millionths((zone.figures.*kFigure).energy.value);
}

void AppendStill(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const monitor::SocketZone& zone = input.snapshot.socket_zones[item];
  NewSample(input, out)
      .Labels(input.node_label)
      .Label("path", zone.path)
      .Label("socket", SocketText(zone))
      .Label("zone", zone.name)
      .Ones(zone.still ? 1 : 0);
}

// Zones that differ only in their path (the dies of one package) are one series here: their sum, in the place of the
// first.
template <uint64_t monitor::SocketZone::*kCount>
void AppendSocketCount(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const std::vector<monitor::SocketZone>& zones = input.snapshot.socket_zones;
  uint64_t sum = 0;
  for (size_t other = 0; other < zones.size(); ++other) {
    if (zones[other].name != zones[item].name || zones[other].socket != zones[item].socket) continue;
    if (other < item) return;
    sum += zones[other].*kCount;
  }
  NewSample(input, out)
      .Labels(input.node_label)
      .Label("socket", SocketText(zones[item]))
      .Label("zone", zones[item].name)
      .Ones(sum);
}

// Workloads. These make up nearly all of a large exposition: a workload's labels are spelt once for a family and copied
// from zone to zone.

template <auto kList>
size_t Workloads(const RenderInput& input, const Family&) {
  return (input.*kList).workloads.size();
}

// The sum of those of `group`; nullopt if there are none or a reading is not known.
template <typename Labels>
std::optional<uint64_t> SumOf(Reading reading, const RenderList<Labels>& list, std::span<const size_t> group,
                              size_t zone) {
  std::optional<uint64_t> sum;
  for (const size_t item : group) {
    const auto value = reading(list.workloads.At(item, zone));
    if (!value) return std::nullopt;
    sum = sum.value_or(0) + *value;
  }
  return sum;
}

// When the counter of a workload that is a series by itself was 0, see StartOf; `at` is its place in its list.
std::optional<uint64_t> StartAt(const RenderInput& input, const auto& at) {
  const auto& face = (*at.chunk.faces)[at.place];
  if (face.state == monitor::WorkloadState::kTerminated || !face.since) return std::nullopt;
  return input.clock.UnixMs(*face.since);
}

// When the counter of `group`, which is one series, was 0, in Unix time; nullopt where that is not certain. The series
// of those that have ended is another than that which they had while they ran, and begins with what they had used by
// then.
template <typename Labels>
std::optional<uint64_t> StartOf(const RenderInput& input, const RenderList<Labels>& list,
                                std::span<const size_t> group) {
  if (group.size() != 1) return std::nullopt;
  return StartAt(input, list.labels().PlaceOf(group[0]));
}

template <Reading kReading, typename Labels>
void AppendFigures(const RenderInput& input, const RenderList<Labels>& list, size_t item, SampleWriter& out) {
  const auto group = list.twins.Group(item);
  std::optional<Beginning<Labels>> beginning;
  if constexpr (kReading == Energy) beginning = Beginning<Labels>::Of(out.news(), list.workloads, group, input.clock);
  if (group.empty()) return;
  const auto first = list.labels().PlaceOf(group[0]);
  bool begun = false;
  for (size_t zone = 0; zone < input.zone_labels.size(); ++zone) {
    const auto value =
        group.size() == 1 ? kReading(list.workloads.At(first, zone)) : SumOf(kReading, list, group, zone);
    if (!value) continue;
    if (!begun) out.Begin({list.labels().All(item), {}, group.size() == 1 ? StartAt(input, first) : std::nullopt});
    begun = true;
    if (beginning) {
      const auto energy = [zone](const auto& before, size_t place) { return before.At(place, zone).energy.value; };
      beginning->Write(input.zone_labels[zone], SampleValue::Unit::kMillionths, energy, out);
    }
    out.Add(input.zone_labels[zone], SampleValue::Millionths(*value));
  }
}

template <auto kList, Reading kReading>
void AppendWorkload(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  AppendFigures<kReading>(input, input.*kList, item, out);
}

// The same for the CPU time of `group`.
template <typename Labels>
std::optional<Nanoseconds> CpuTimeOf(const RenderList<Labels>& list, std::span<const size_t> group) {
  std::optional<Nanoseconds> sum;
  for (const size_t item : group) sum = sum.value_or(Nanoseconds()) + list.workloads[item].cpu_time;
  return sum;
}

// Writes what a series of CPU time began with.
template <typename Labels>
void WriteBeginning(const Beginning<Labels>& beginning, SampleWriter& out) {
  const auto time = [](const auto& before, size_t place) { return before[place].cpu_time.value; };
  beginning.Write({}, SampleValue::Unit::kBillionths, time, out);
}

// Processes, and where it is wanted, one behind them that stands for all that no running one has. The kernel gives its
// pid to no process that uses time.
size_t ProcessesAndRest(const RenderInput& input, const Family& family) {
  return Workloads<&RenderInput::processes>(input, family) + (input.no_running.empty() ? 0 : 1);
}

template <Reading kReading>
void AppendProcess(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  if (item < input.processes.workloads.size()) return AppendFigures<kReading>(input, input.processes, item, out);
  const monitor::ProcessLabels labels = {0, "unlisted", "", "regular", "", ""};
  std::string spelt;
  AppendLabels(labels, input.labels(), spelt);
  out.Begin({spelt, {}, StartOfAll(input)});
  for (size_t zone = 0; zone < input.zone_labels.size(); ++zone) {
    if (const auto value = kReading(input.no_running[zone])) {
      out.Add(input.zone_labels[zone], SampleValue::Millionths(*value));
    }
  }
}

// Kepler's series has no state: a running process and its terminated twins are one sample, so that the series does not
// go down when a pid is used again.
void AppendProcessTime(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const RenderList<monitor::ProcessLabels>& list = input.processes;
  if (list.twins.HasRunningTwin(item)) return;
  const auto group = list.twins.Group(item);
  if (group.empty()) return;
  std::span<const size_t> items = group;
  std::vector<size_t> with_twins;
  const auto process = list.labels().PlaceOf(item);
  if (list.workloads.At(process).state == monitor::WorkloadState::kRunning) {
    const auto terminated = list.twins.TerminatedTwinsOf(item);
    if (!terminated.empty()) {
      with_twins.assign(group.begin(), group.end());
      with_twins.insert(with_twins.end(), terminated.begin(), terminated.end());
      items = with_twins;
    }
  }
  const bool alone = items.size() == 1;
  out.Begin({list.labels().BeforeState(item), list.labels().BehindState(item),
             alone ? StartAt(input, process) : std::nullopt});
  const auto beginning =
      Beginning<monitor::ProcessLabels>::Of(out.news(), list.workloads, items, input.clock, /*with_state=*/false);
  if (beginning) WriteBeginning(*beginning, out);
  const Nanoseconds time = alone ? list.workloads.At(process).cpu_time : *CpuTimeOf(list, items);
  out.Add({}, SampleValue::Billionths(time.value));
}

template <typename Labels>
void AppendTime(const RenderInput& input, const RenderList<Labels>& list, size_t item, SampleWriter& out) {
  const auto group = list.twins.Group(item);
  const auto time = CpuTimeOf(list, group);
  if (!time) return;
  out.Begin({list.labels().All(item), {}, StartOf(input, list, group)});
  const auto beginning = Beginning<Labels>::Of(out.news(), list.workloads, group, input.clock);
  if (beginning) WriteBeginning(*beginning, out);
  out.Add({}, SampleValue::Billionths(time->value));
}

void AppendContainerTime(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  AppendTime(input, input.containers, item, out);
}

// Groups.

size_t Groups(const RenderInput& input, const Family& family) { return input.groups[family.list].workloads.size(); }

template <Reading kReading>
void AppendGroup(const RenderInput& input, const Family& family, size_t item, SampleWriter& out) {
  AppendFigures<kReading>(input, input.groups[family.list], item, out);
}

void AppendGroupTime(const RenderInput& input, const Family& family, size_t item, SampleWriter& out) {
  AppendTime(input, input.groups[family.list], item, out);
}

// What is in no workload of a list.

size_t RestZones(const RenderInput& input, const Family& family) { return input.rests[family.list].zones.size(); }

template <Reading kReading>
void AppendUnlisted(const RenderInput& input, const Family& family, size_t item, SampleWriter& out) {
  const auto value = kReading(input.rests[family.list].zones[item].unlisted);
  if (!value) return;
  out.Begin({input.node_label, input.zone_labels[item], StartOfAll(input)});
  out.Add({}, SampleValue::Millionths(*value));
}

void AppendPending(const RenderInput& input, const Family& family, size_t item, SampleWriter& out) {
  out.Begin({input.node_label, input.zone_labels[item], {}});
  out.Add({}, SampleValue::Millionths(input.rests[family.list].zones[item].pending.value));
}

// The exporter itself.

void AppendKeplerBuild(const RenderInput& input, const Family&, size_t, SampleWriter& out) {
  NewSample(input, out)
      .Label("arch", input.options.arch)
      .Label("branch", input.options.branch)
      .Label("goversion", "")
      .Label("revision", input.options.revision)
      .Label("version", input.options.version)
      .Ones(1);
}

void AppendBuild(const RenderInput& input, const Family&, size_t, SampleWriter& out) {
  NewSample(input, out).Label("revision", input.options.revision).Label("version", input.options.version).Ones(1);
}

void AppendEnergySource(const RenderInput& input, const Family&, size_t, SampleWriter& out) {
  NewSample(input, out)
      .Label("measured", input.snapshot.energy_measured ? "true" : "false")
      .Labels(input.node_label)
      .Label("source", input.snapshot.energy_source)
      .Ones(1);
}

void AppendCpuTimeSource(const RenderInput& input, const Family&, size_t, SampleWriter& out) {
  NewSample(input, out).Labels(input.node_label).Label("source", input.snapshot.cpu_time_source).Ones(1);
}

void AppendUnassigned(const RenderInput& input, const Family&, size_t, SampleWriter& out) {
  NewSample(input, out)
      .Labels(input.node_label)
      .Start(StartOfAll(input))
      .Billionths(input.snapshot.unassigned_time.value);
}

bool UsesBpf(const RenderInput& input) { return input.snapshot.cpu_time_source == "bpf"; }

size_t OneIfBpf(const RenderInput& input, const Family&) { return UsesBpf(input) ? 1 : 0; }

size_t TwoIfBpf(const RenderInput& input, const Family&) { return UsesBpf(input) ? 2 : 0; }

template <uint64_t cpu::CpuTimeSourceStats::*kCount>
void AppendKernelCount(const RenderInput& input, const Family&, size_t, SampleWriter& out) {
  NewSample(input, out).Labels(input.node_label).Ones(input.snapshot.kernel.*kCount);
}

template <uint64_t cpu::CpuTimeSourceStats::*kProcs, uint64_t cpu::CpuTimeSourceStats::*kOverflow>
void AppendMap(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const bool procs = item == 0;
  NewSample(input, out)
      .Label("map", procs ? "procs" : "cg_overflow")
      .Labels(input.node_label)
      .Ones(input.snapshot.kernel.*(procs ? kProcs : kOverflow));
}

template <Nanoseconds cpu::CpuTimeSourceStats::*kTime>
void AppendKernelTime(const RenderInput& input, const Family&, size_t, SampleWriter& out) {
  NewSample(input, out).Labels(input.node_label).Billionths((input.snapshot.kernel.*kTime).value);
}

size_t Programs(const RenderInput& input, const Family&) {
  return UsesBpf(input) ? input.snapshot.kernel.programs.size() : 0;
}

LabelledSample ProgramSample(const RenderInput& input, size_t item, SampleWriter& out) {
  return NewSample(input, out).Labels(input.node_label).Label("program", input.snapshot.kernel.programs[item].name);
}

void AppendProgramRuns(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  ProgramSample(input, item, out).Ones(input.snapshot.kernel.programs[item].runs);
}

void AppendProgramTime(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  ProgramSample(input, item, out).Billionths(input.snapshot.kernel.programs[item].run_time.value);
}

void AppendProgramMisses(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  if (const auto misses = input.snapshot.kernel.programs[item].recursion_misses) {
    ProgramSample(input, item, out).Ones(*misses);
  }
}

size_t Features(const RenderInput& input, const Family&) {
  return UsesBpf(input) ? input.snapshot.kernel.features.size() : 0;
}

void AppendFeature(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const cpu::KernelFeature& feature = input.snapshot.kernel.features[item];
  NewSample(input, out)
      .Label("feature", feature.name)
      .Labels(input.node_label)
      .Label("state", feature.on ? "on" : "off")
      .Ones(1);
}

// Kepler's names, types and help texts are kept to the letter.
constexpr Family kFamiliesBeforeLists[] = {
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
     ProcessesAndRest, AppendProcess<Energy>},
    {"kepler_process_cpu_watts", kGauge, "Power consumption of cpu at process level in watts", "process",
     ProcessesAndRest, AppendProcess<Power>},
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
};

constexpr Family kFamiliesBehindLists[] = {
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

// The levels of whose workloads some wait for their names.
constexpr std::string_view kLevelsThatPend[] = {"container", "pod", "namespace", "owner"};

std::string SpellLabel(LabelSpelling spelling, std::string_view name, std::string_view value) {
  std::string label;
  LabelSpeller(spelling).Append(name, value, label);
  return label;
}

std::vector<std::string> SpellZoneLabels(LabelSpelling spelling, const std::vector<monitor::ZoneSeries>& zones) {
  std::vector<std::string> labels;
  for (const monitor::ZoneSeries& zone : zones) labels.push_back(SpellLabel(spelling, "zone", zone.name));
  return labels;
}

std::deque<RenderList<monitor::GroupLabels>> GroupLists(const monitor::Snapshot& snapshot, LabelContext context) {
  std::deque<RenderList<monitor::GroupLabels>> lists;
  for (const monitor::GroupList& list : snapshot.groups) {
    context.names = &list.label_names;
    lists.emplace_back(list.groups, context);
  }
  return lists;
}

monitor::EnergyFigure Sum(const monitor::EnergyFigure& a, const monitor::EnergyFigure& b) {
  return {a.energy + b.energy, a.power && b.power ? std::optional(*a.power + *b.power) : std::nullopt};
}

std::vector<RenderRest> Rests(const monitor::Snapshot& snapshot) {
  std::vector<RenderRest> rests;
  const auto add = [&](std::string_view level, const std::vector<monitor::ListRest>& zones) {
    const bool can_pend =
        std::find(std::begin(kLevelsThatPend), std::end(kLevelsThatPend), level) != std::end(kLevelsThatPend) ||
        std::any_of(zones.begin(), zones.end(), [](const auto& rest) { return rest.pending.value != 0; });
    if (!zones.empty()) rests.push_back({level, zones, can_pend});
  };
  add("process", snapshot.processes.rest());
  add("container", snapshot.containers.rest());
  add("vm", snapshot.vms.rest());
  add("pod", snapshot.pods.rest());
  for (const monitor::GroupList& list : snapshot.groups) add(list.level, list.groups.rest());
  return rests;
}

// What of the node's active energy no running process has; nothing where the list has no rest.
std::vector<monitor::EnergyFigure> NoRunning(const monitor::WorkloadList<monitor::ProcessLabels>& processes) {
  std::vector<monitor::EnergyFigure> figures;
  for (const monitor::ListRest& rest : processes.rest()) {
    figures.push_back(Sum(rest.unlisted, {rest.pending, Microwatts{}}));  // its power is with the unlisted
  }
  for (size_t item = 0; item < processes.size() && !figures.empty(); ++item) {
    if (processes[item].state == monitor::WorkloadState::kRunning) continue;
    for (size_t zone = 0; zone < figures.size(); ++zone) figures[zone] = Sum(figures[zone], processes.At(item, zone));
  }
  return figures;
}

// Makes the families of the lists that a snapshot happens to have.
class ListFamilies {
 public:
  explicit ListFamilies(std::deque<std::string>& texts) : texts_(texts) {}

  void AddRest(const RenderRest& rest, size_t list) {
    const std::string level(rest.level);
    const auto* const parts = rest.can_pend ? "listed, unlisted and pending" : "listed and unlisted";
    Add(level, "unlisted_joules_total", kCounter,
        "Active energy that is in no listed " + level + ", in joules; " + parts + " add up to the node's active energy",
        RestZones, AppendUnlisted<Energy>, rest.level, list);
    Add(level, "unlisted_watts", kGauge,
        "Active power that is in no listed " + level +
            ", in watts; listed and unlisted add up to the node's active power",
        RestZones, AppendUnlisted<Power>, rest.level, list);
    if (!rest.can_pend) return;
    Add(level, "pending_joules", kGauge,
        "Active energy at " + level +
            " level whose names are not known yet, in joules; it is listed as soon as they are",
        RestZones, AppendPending, rest.level, list);
  }

  void AddGroups(std::string_view level_name, size_t list) {
    const std::string level(level_name);
    Add(level, "cpu_joules_total", kCounter, "Energy consumption of cpu at " + level + " level in joules", Groups,
        AppendGroup<Energy>, level_name, list);
    Add(level, "cpu_watts", kGauge, "Power consumption of cpu at " + level + " level in watts", Groups,
        AppendGroup<Power>, level_name, list);
    Add(level, "cpu_seconds_total", kCounter, "Total user and system time of cpu at " + level + " level in seconds",
        Groups, AppendGroupTime, level_name, list);
  }

  std::vector<Family> Take() { return std::move(families_); }

 private:
  void Add(const std::string& level, const std::string& figure, FamilyType type, std::string help,
           decltype(Family::count) count, decltype(Family::append) append, std::string_view chosen_by, size_t list) {
    const std::string& name = texts_.emplace_back("brahe_" + level + "_" + figure);
    families_.push_back({name, type, texts_.emplace_back(std::move(help)), chosen_by, count, append, list});
  }

  std::deque<std::string>& texts_;
  std::vector<Family> families_;
};

std::vector<Family> AllFamilies(const RenderInput& input, std::deque<std::string>& texts) {
  ListFamilies lists(texts);
  for (size_t list = 0; list < input.rests.size(); ++list) lists.AddRest(input.rests[list], list);
  for (size_t list = 0; list < input.groups.size(); ++list) lists.AddGroups(input.snapshot.groups[list].level, list);
  std::vector<Family> families(std::begin(kFamiliesBeforeLists), std::end(kFamiliesBeforeLists));
  const std::vector<Family> of_lists = lists.Take();
  families.insert(families.end(), of_lists.begin(), of_lists.end());
  families.insert(families.end(), std::begin(kFamiliesBehindLists), std::end(kFamiliesBehindLists));
  return families;
}

}  // namespace

RenderInput::RenderInput(std::shared_ptr<const monitor::Snapshot> source, RenderOptions render_options,
                         LabelSpelling label_spelling, RenderClock render_clock, SeriesLimit series_limit)
    : owner(std::move(source)),
      snapshot(*owner),
      options(std::move(render_options)),
      spelling(label_spelling),
      clock(render_clock),
      limit(std::move(series_limit)),
      node_label(SpellLabel(spelling, "node_name", options.node_name)),
      zone_labels(SpellZoneLabels(spelling, snapshot.zones)),
      processes(snapshot.processes, labels()),
      containers(snapshot.containers, labels()),
      vms(snapshot.vms, labels()),
      pods(snapshot.pods, labels()),
      groups(GroupLists(snapshot, labels())),
      rests(Rests(snapshot)),
      no_running(options.unlisted_as_process ? NoRunning(snapshot.processes) : std::vector<monitor::EnergyFigure>()),
      families(AllFamilies(*this, texts_)) {}

LabelContext RenderInput::labels() const {
  return {LabelSpeller(spelling), node_label, monitor::WorkloadState::kRunning, nullptr};
}

bool IsChosen(std::string_view level, const RenderOptions& options) {
  return level.empty() || std::find(options.levels.begin(), options.levels.end(), level) != options.levels.end();
}

}  // namespace brahe::exposition
