#include "userspace/exposition/machine_families.h"

#include <string>
#include <vector>

#include "userspace/exposition/family_parts.h"

namespace brahe::exposition {
namespace {

LabelledSample NewSample(const RenderInput& input, SampleWriter& out) { return {input.spelling, out}; }

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

void AppendUncertainty(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const monitor::ZoneSeries& zone = input.snapshot.zones[item];
  if (!zone.state.uncertainty_ppm) return;
  NewSample(input, out).Labels(input.node_label).Label("zone", zone.name).Millionths(*zone.state.uncertainty_ppm);
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

void AppendIdlePower(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const monitor::SocketZone& zone = input.snapshot.socket_zones[item];
  if (!zone.idle_power) return;
  NewSample(input, out)
      .Labels(input.node_label)
      .Label("path", zone.path)
      .Label("socket", SocketText(zone))
      .Label("zone", zone.name)
      .Millionths(zone.idle_power->value);
}

void AppendStill(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const monitor::SocketZone& zone = input.snapshot.socket_zones[item];
  NewSample(input, out)
      .Labels(input.node_label)
      .Label("path", zone.path)
      .Label("socket", SocketText(zone))
      .Label("zone", zone.name)
      .Ones(zone.state.still ? 1 : 0);
}

// Zones that differ only in their path (the dies of one package) are one series here: their sum, in the place of the
// first.
template <uint64_t energy::ZoneState::*kCount>
void AppendSocketCount(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const std::vector<monitor::SocketZone>& zones = input.snapshot.socket_zones;
  uint64_t sum = 0;
  for (size_t other = 0; other < zones.size(); ++other) {
    if (zones[other].name != zones[item].name || zones[other].socket != zones[item].socket) continue;
    if (other < item) return;
    sum += zones[other].state.*kCount;
  }
  NewSample(input, out)
      .Labels(input.node_label)
      .Label("socket", SocketText(zones[item]))
      .Label("zone", zones[item].name)
      .Ones(sum);
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

void AppendEnergySource(const RenderInput& input, const Family&, size_t item, SampleWriter& out) {
  const monitor::ZoneSeries& zone = input.snapshot.zones[item];
  NewSample(input, out)
      .Label("measured", zone.state.measured ? "true" : "false")
      .Labels(input.node_label)
      .Label("source", zone.state.source)
      .Label("zone", zone.name)
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
constexpr Family kKeplerFamilies[] = {
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
};

constexpr Family kMachineFamilies[] = {
    {"brahe_build_info", kGauge, "Constant 1, labelled with what was built", kAlways, One, AppendBuild},
    {"brahe_energy_source_info", kGauge, "Constant 1, labelled with where a zone's energy figures come from", kAlways,
     Zones, AppendEnergySource},
    {"brahe_energy_uncertainty_ratio", kGauge,
     "By which part of itself a zone's energy in the last epoch may be off: 19 of 20 are nearer", kAlways, Zones,
     AppendUncertainty},
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
    {"brahe_socket_cpu_baseline_watts", kGauge, "Power that one zone of one socket draws when nothing runs, as learnt",
     "node", SocketZones, AppendIdlePower},
};

constexpr Family kSourceFamilies[] = {
    {"brahe_unassigned_cpu_seconds_total", kCounter, "CPU time that could not be assigned to a process", kAlways, One,
     AppendUnassigned},
    {"brahe_energy_read_errors_total", kCounter, "Failed readings of an energy counter", kAlways, SocketZones,
     AppendSocketCount<&energy::ZoneState::read_errors>},
    {"brahe_energy_resets_total", kCounter, "Steps of an energy counter that were taken for a reset and not charged",
     kAlways, SocketZones, AppendSocketCount<&energy::ZoneState::resets>},
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

}  // namespace

std::span<const Family> KeplerMachineFamilies() { return kKeplerFamilies; }

std::span<const Family> MachineFamilies() { return kMachineFamilies; }

std::span<const Family> SourceFamilies() { return kSourceFamilies; }

}  // namespace brahe::exposition
