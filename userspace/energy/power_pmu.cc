#include "userspace/energy/power_pmu.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <tuple>

#include "userspace/base/cpu_list.h"
#include "userspace/base/file.h"

namespace brahe::energy {
namespace {

struct KnownEvent {
  const char* name;
  const char* zone;
};

constexpr std::array<KnownEvent, 5> kEvents = {{
    {"energy-cores", "core"},
    {"energy-ram", "dram"},
    {"energy-pkg", "package"},
    {"energy-psys", "psys"},
    {"energy-gpu", "uncore"},
}};

Error Refuse(const std::string& path, std::string_view content, const char* wanted) {
  return MakeError("read " + path + ": \"" + std::string(Trim(content)) + "\" is not " + wanted);
}

// "event=0x02" is 2.
Result<uint64_t> ReadConfig(const std::string& path) {
  const auto content = ReadFile(path);
  if (!content) return content.error();
  constexpr std::string_view kPrefix = "event=0x";
  const std::string_view text = Trim(*content);
  const std::string_view number = text.substr(std::min(kPrefix.size(), text.size()));
  uint8_t config = 0;  // format/event has eight bits
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), config, 16);
  if (!text.starts_with(kPrefix) || error != std::errc() || end != number.data() + number.size()) {
    return Refuse(path, text, "event=0xNN");
  }
  return uint64_t{config};
}

Result<EnergyScale> ReadScale(const std::string& path) {
  const auto content = ReadFile(path);
  if (!content) return content.error();
  auto scale = ParseEnergyScale(*content);
  if (!scale) return MakeError("read " + path + ": " + scale.error().message);
  return scale;
}

Result<PowerEvent> ReadEvent(const std::string& path, const char* zone) {
  const auto config = ReadConfig(path);
  if (!config) return config.error();
  const auto unit = ReadFile(path + ".unit");
  if (!unit) return unit.error();
  if (Trim(*unit) != "Joules") return Refuse(path + ".unit", *unit, "Joules");
  const auto scale = ReadScale(path + ".scale");
  if (!scale) return scale.error();
  return PowerEvent{.zone = zone, .path = path, .config = *config, .scale = *scale};
}

Result<uint32_t> ReadType(const std::string& path) {
  const auto content = ReadFile(path);
  if (!content) return content.error();
  const auto type = ParseUint64(*content);
  if (!type || *type > std::numeric_limits<uint32_t>::max()) return Refuse(path, *content, "a type of PMU");
  return static_cast<uint32_t>(*type);
}

Status CheckFormat(const std::string& path) {
  const auto content = ReadFile(path);
  if (!content) return content.error();
  if (Trim(*content) != "config:0-7") return Refuse(path, *content, "config:0-7, the format that is known here");
  return {};
}

Status ReadEvents(const std::string& folder, PowerPmu& pmu) {
  for (const KnownEvent& known : kEvents) {
    const auto event = ReadEvent(folder + "/" + known.name, known.zone);
    if (event) {
      pmu.events.push_back(*event);
    } else if (access((folder + "/" + known.name).c_str(), F_OK) == 0) {
      pmu.left_out.push_back(event.error());
    }
  }
  if (!pmu.events.empty()) return {};
  if (!pmu.left_out.empty()) return pmu.left_out.front();
  return MakeError("no energy events in " + folder + ": the driver found no counter that it may read, as in most " +
                   "virtual machines; run on the hardware itself, or name another meter in cpu.preferredMeters");
}

// 0 where the kernel does not know it.
uint32_t ReadId(const std::string& path) {
  const auto content = ReadFile(path);
  const auto id = content ? ParseUint64(*content) : content.error();
  return id && *id <= std::numeric_limits<uint32_t>::max() ? static_cast<uint32_t>(*id) : 0;
}

// True where each die's counter is the one of the whole socket: AMD's, whose chiplets the kernel takes for dies on Zen
// 4 and 5 (Linux 6.9 to 6.11), and Hygon's.
bool HasOneCounterASocket(const std::string& sysfs_root) {
  const auto modalias = ReadFile(sysfs_root + "/devices/system/cpu/modalias");
  if (!modalias) return false;
  // X86_VENDOR_AMD and X86_VENDOR_HYGON of arch/x86/include/asm/processor.h
  return modalias->starts_with("cpu:type:x86,ven0002") || modalias->starts_with("cpu:type:x86,ven0009");
}

Status ReadCpus(const std::string& sysfs_root, const std::string& mask, PowerPmu& pmu) {
  const auto cpus = ReadCpuList(mask);
  if (!cpus) return cpus.error();
  if (cpus->empty()) return MakeError("read " + mask + ": it names no CPU; is the driver of RAPL loaded?");
  const bool one_a_socket = HasOneCounterASocket(sysfs_root);
  for (const uint32_t cpu : *cpus) {
    const std::string topology = sysfs_root + "/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    pmu.cpus.push_back({.cpu = cpu,
                        .socket = ReadId(topology + "physical_package_id"),
                        .die = one_a_socket ? 0 : ReadId(topology + "die_id")});
  }
  std::sort(pmu.cpus.begin(), pmu.cpus.end(), [](const PowerCpu& a, const PowerCpu& b) {
    return std::tie(a.socket, a.die, a.cpu) < std::tie(b.socket, b.die, b.cpu);
  });
  // Two of one die would count its energy twice.
  const auto twins = [&](const PowerCpu& a, const PowerCpu& b) {
    if (std::tie(a.socket, a.die) != std::tie(b.socket, b.die)) return false;
    if (one_a_socket) return true;
    pmu.left_out.push_back(MakeError(mask + " names CPU " + std::to_string(b.cpu) + " beside CPU " +
                                     std::to_string(a.cpu) + ", which is of the same die"));
    return true;
  };
  pmu.cpus.erase(std::unique(pmu.cpus.begin(), pmu.cpus.end(), twins), pmu.cpus.end());
  return {};
}

Error NoPmu(const Error& why) {
  return {why.code, why.message +
                        ": the kernel has no power PMU; where the hardware has RAPL, load the kernel module rapl, and "
                        "in a container mount the host's /sys and point host.sysfs to it"};
}

}  // namespace

Result<PowerPmu> ScanPowerPmu(const std::string& sysfs_root) {
  const std::string folder = sysfs_root + "/bus/event_source/devices/power";
  PowerPmu pmu;
  const auto type = ReadType(folder + "/type");
  if (!type) return type.error().code == ENOENT ? NoPmu(type.error()) : type.error();
  pmu.type = *type;
  if (const Status read = ReadEvents(folder + "/events", pmu); !read) return read.error();
  if (const Status known = CheckFormat(folder + "/format/event"); !known) return known.error();
  if (const Status read = ReadCpus(sysfs_root, folder + "/cpumask", pmu); !read) return read.error();
  return pmu;
}

}  // namespace brahe::energy
