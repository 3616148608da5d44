#include "userspace/sources.h"

#include <glog/logging.h>

#include <utility>

#include "userspace/base/clock.h"
#include "userspace/energy/meters.h"

namespace brahe {
namespace {

std::vector<cpu::CpuInfo> CpuInfos(const config::Config& config) {
  auto cpus = cpu::ReadCpuInfo(config.host.procfs, config.host.sysfs);
  if (cpus) return *std::move(cpus);
  LOG(WARNING) << "kepler_node_cpu_info is left out: " << cpus.error().message;
  return {};
}

cpu::CgroupHierarchy Hierarchy(const config::Config& config) {
  auto hierarchy = cpu::FindCgroupHierarchy(config.host.procfs);
  if (hierarchy) return *std::move(hierarchy);
  LOG(WARNING) << "Processes are not assigned to containers: " << hierarchy.error().message;
  return {.v2 = true, .mount_point = "", .controller = ""};
}

energy::HwmonOptions HwmonOf(const config::Config::Hwmon& config) {
  energy::HwmonOptions options{.force = config.force_enabled, .zones = config.zones};
  for (const config::Config::Hwmon::ChipRule& rule : config.chip_rules) {
    options.rules.push_back({rule.name, rule.pairings, rule.skip_voltages, rule.skip_currents});
  }
  return options;
}

}  // namespace

Result<Sources> OpenSources(const config::Config& config, cpu::Purpose purpose, const Continuation& continuation) {
  auto topology = cpu::ReadCpuTopology(config.host.sysfs);
  if (!topology) return topology.error();
  const cpu::CgroupHierarchy hierarchy = Hierarchy(config);
  auto cpu_time = cpu::ChooseCpuTimeSource({.kind = config.cpu.time_source,
                                            .sysfs_root = config.host.sysfs,
                                            .procfs_root = config.host.procfs,
                                            .topology = *topology,
                                            .hierarchy = hierarchy,
                                            .max_processes = static_cast<uint32_t>(config.cpu.max_processes),
                                            .purpose = purpose,
                                            .outlives = continuation.outlives,
                                            .resume = [&continuation] { return continuation.resume; }},
                                           SystemClock());
  if (!cpu_time) return cpu_time.error();
  const std::vector<cpu::CpuInfo> cpus = CpuInfos(config);
  auto energy = energy::ChooseMeter({.sysfs_root = config.host.sysfs,
                                     .procfs_root = config.host.procfs,
                                     .preferred = config.cpu.preferred_meters,
                                     .model_idle_per_cpu = config.model.idle_per_cpu,
                                     .model_max_per_cpu = config.model.max_per_cpu,
                                     .model_dram_per_gib = config.model.dram_per_gib,
                                     .zones = config.rapl.zones,
                                     .hwmon = HwmonOf(config.hwmon),
                                     .guest_path = config.guest.path},
                                    SystemClock());
  if (!energy) return energy.error();
  LOG(INFO) << "CPU time from " << (*cpu_time)->name();
  return Sources{.hierarchy = hierarchy, .cpus = cpus, .cpu_time = *std::move(cpu_time), .energy = *std::move(energy)};
}

}  // namespace brahe
