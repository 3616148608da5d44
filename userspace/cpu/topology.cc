#include "userspace/cpu/topology.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "userspace/base/cpu_list.h"
#include "userspace/base/file.h"

namespace brahe::cpu {
namespace {

constexpr size_t kCpuInfoLimit = 16 << 20;

// A number that sysfs tells of an online CPU; none where the kernel does not know it (-1).
std::optional<uint32_t> ReadId(const std::string& cpu_folder, std::string_view cpu, const std::string& name) {
  const auto text = ReadFile(cpu_folder + "/cpu" + std::string(cpu) + "/topology/" + name);
  if (!text) return std::nullopt;
  const auto id = ParseUint64(*text);
  if (!id || *id > std::numeric_limits<uint32_t>::max()) return std::nullopt;
  return static_cast<uint32_t>(*id);
}

// Fills a label that /proc/cpuinfo was silent of.
void ReadIfMissing(std::string& label, const std::string& cpu_folder, std::string_view cpu, const std::string& name) {
  if (!label.empty()) return;
  if (const auto id = ReadId(cpu_folder, cpu, name)) label = std::to_string(*id);
}

void SetField(CpuInfo& cpu, std::string_view key, std::string_view value) {
  if (key == "vendor_id") cpu.vendor_id = value;
  if (key == "model name") cpu.model_name = value;
  if (key == "physical id") cpu.physical_id = value;
  if (key == "core id") cpu.core_id = value;
  // Of arm64: numbers that Arm gives out, and each maker to his processors.
  if (key == "CPU implementer") cpu.vendor_id = value;
  if (key == "CPU part") cpu.model_name = value;
}

}  // namespace

Result<std::vector<uint32_t>> ReadOnlineCpus(const std::string& sysfs_root) {
  return ReadCpuList(sysfs_root + "/devices/system/cpu/online");
}

Result<CpuTopology> ReadCpuTopology(const std::string& sysfs_root) {
  const std::string folder = sysfs_root + "/devices/system/cpu";
  const auto possible = ReadCpuList(folder + "/possible");
  if (!possible) return possible.error();
  const auto online = ReadOnlineCpus(sysfs_root);
  if (!online) return online.error();

  CpuTopology topology;
  for (const auto* cpus : {&*possible, &*online}) {
    for (const uint32_t cpu : *cpus)
      topology.socket_of_cpu.resize(std::max<size_t>(topology.socket_of_cpu.size(), cpu + 1));
  }
  std::vector<bool> known(topology.socket_of_cpu.size(), false);
  for (const uint32_t cpu : *online) {
    topology.socket_of_cpu[cpu] = ReadId(folder, std::to_string(cpu), "physical_package_id").value_or(0);
    known[cpu] = true;
  }
  for (size_t cpu = 1; cpu < known.size(); ++cpu) {
    if (!known[cpu]) topology.socket_of_cpu[cpu] = topology.socket_of_cpu[cpu - 1];
  }
  return topology;
}

Result<std::vector<CpuInfo>> ReadCpuInfo(const std::string& procfs_root, const std::string& sysfs_root) {
  const auto text = ReadFile(procfs_root + "/cpuinfo", kCpuInfoLimit);
  if (!text) return text.error();
  std::vector<CpuInfo> cpus;
  bool in_cpu = false;  // some ARM kernels append a paragraph about the board
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const size_t colon = line.find(':');
    if (Trim(line).empty()) in_cpu = false;
    if (colon == std::string_view::npos) continue;
    const std::string_view key = Trim(line.substr(0, colon));
    const std::string_view value = Trim(line.substr(colon + 1));
    if (key == "processor") {
      cpus.emplace_back().processor = value;
      in_cpu = true;
    } else if (in_cpu) {
      SetField(cpus.back(), key, value);
    }
  }
  const std::string folder = sysfs_root + "/devices/system/cpu";
  for (CpuInfo& cpu : cpus) {
    ReadIfMissing(cpu.physical_id, folder, cpu.processor, "physical_package_id");
    ReadIfMissing(cpu.core_id, folder, cpu.processor, "core_id");
  }
  return cpus;
}

}  // namespace brahe::cpu
