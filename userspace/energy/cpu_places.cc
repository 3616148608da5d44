#include "userspace/energy/cpu_places.h"

#include <limits>

#include "userspace/base/cpu_list.h"
#include "userspace/base/file.h"

namespace brahe::energy {
namespace {

uint32_t ReadId(const std::string& path) {
  const auto content = ReadFile(path);
  const auto id = content ? ParseUint64(*content) : content.error();
  return id && *id <= std::numeric_limits<uint32_t>::max() ? static_cast<uint32_t>(*id) : 0;
}

}  // namespace

CpuPlace PlaceOfCpu(const std::string& sysfs_root, uint32_t cpu) {
  const std::string topology = sysfs_root + "/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
  const auto siblings = ReadCpuList(topology + "thread_siblings_list");
  return {.cpu = cpu,
          .socket = ReadId(topology + "physical_package_id"),
          .die = ReadId(topology + "die_id"),
          .core = siblings && !siblings->empty() ? siblings->front() : cpu};
}

Result<std::vector<CpuPlace>> OnlineCpuPlaces(const std::string& sysfs_root) {
  const auto cpus = ReadCpuList(sysfs_root + "/devices/system/cpu/online");
  if (!cpus) return cpus.error();
  std::vector<CpuPlace> places;
  for (const uint32_t cpu : *cpus) places.push_back(PlaceOfCpu(sysfs_root, cpu));
  return places;
}

bool IsOfAmd(const std::string& sysfs_root) {
  const auto modalias = ReadFile(sysfs_root + "/devices/system/cpu/modalias");
  if (!modalias) return false;
  // X86_VENDOR_AMD and X86_VENDOR_HYGON of arch/x86/include/asm/processor.h
  return modalias->starts_with("cpu:type:x86,ven0002") || modalias->starts_with("cpu:type:x86,ven0009");
}

}  // namespace brahe::energy
