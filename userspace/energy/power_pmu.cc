#include "userspace/energy/power_pmu.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <limits>
#include <span>
#include <string_view>
#include <tuple>

#include "userspace/base/cpu_list.h"
#include "userspace/base/file.h"
#include "userspace/energy/cpu_places.h"

namespace brahe::energy {
namespace {

struct KnownEvent {
  const char* name;
  const char* zone;
};

constexpr std::array<KnownEvent, 1> kCoreEvents = {{{"energy-core", "core"}}};
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

Status ReadEvents(const std::string& folder, std::span<const KnownEvent> wanted, PowerPmu& pmu) {
  for (const KnownEvent& known : wanted) {
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

// Which part of a machine has counters of its own.
enum class CounterScope { kDie, kSocket, kCore };

PowerCpu ReadCpu(const std::string& sysfs_root, uint32_t cpu, CounterScope scope) {
  const CpuPlace place = PlaceOfCpu(sysfs_root, cpu);
  return {.cpu = cpu,
          .socket = place.socket,
          .die = scope == CounterScope::kDie ? place.die : 0,
          .core = scope == CounterScope::kCore ? place.core : 0};
}

Status ReadCpus(const std::string& sysfs_root, const std::string& mask, CounterScope scope, PowerPmu& pmu) {
  const auto cpus = ReadCpuList(mask);
  if (!cpus) return cpus.error();
  if (cpus->empty()) return MakeError("read " + mask + ": it names no CPU; is the driver of RAPL loaded?");
  for (const uint32_t cpu : *cpus) pmu.cpus.push_back(ReadCpu(sysfs_root, cpu, scope));
  const auto place = [](const PowerCpu& cpu) { return std::tie(cpu.socket, cpu.die, cpu.core); };
  std::sort(pmu.cpus.begin(), pmu.cpus.end(), [&](const PowerCpu& a, const PowerCpu& b) {
    return place(a) != place(b) ? place(a) < place(b) : a.cpu < b.cpu;
  });
  // Two of one die or core would count its energy twice.
  const auto twins = [&](const PowerCpu& a, const PowerCpu& b) {
    if (place(a) != place(b)) return false;
    if (scope == CounterScope::kSocket) return true;
    pmu.left_out.push_back(MakeError(mask + " names CPU " + std::to_string(b.cpu) + " beside CPU " +
                                     std::to_string(a.cpu) + ", which is of the same " +
                                     (scope == CounterScope::kCore ? "core" : "die")));
    return true;
  };
  pmu.cpus.erase(std::unique(pmu.cpus.begin(), pmu.cpus.end(), twins), pmu.cpus.end());
  return {};
}

Status ReadPmu(const std::string& sysfs_root, const std::string& folder, std::span<const KnownEvent> wanted,
               CounterScope scope, PowerPmu& pmu) {
  if (const Status read = ReadEvents(folder + "/events", wanted, pmu); !read) return read.error();
  if (const Status known = CheckFormat(folder + "/format/event"); !known) return known.error();
  return ReadCpus(sysfs_root, folder + "/cpumask", scope, pmu);
}

Error NoPmu(const Error& why) {
  return {why.code, why.message +
                        ": the kernel has no power PMU; where the hardware has RAPL, load the kernel module rapl, and "
                        "in a container mount the host's /sys and point host.sysfs to it"};
}

}  // namespace

Result<PowerPmu> ScanPowerPmu(const std::string& sysfs_root) {
  const std::string folder = sysfs_root + "/bus/event_source/devices/power";
  const auto type = ReadType(folder + "/type");
  if (!type) return type.error().code == ENOENT ? NoPmu(type.error()) : type.error();
  PowerPmu pmu;
  pmu.type = *type;
  const CounterScope scope = IsOfAmd(sysfs_root) ? CounterScope::kSocket : CounterScope::kDie;
  if (const Status read = ReadPmu(sysfs_root, folder, kEvents, scope, pmu); !read) return read.error();
  return pmu;
}

Result<PowerPmu> ScanCorePmu(const std::string& sysfs_root) {
  const std::string folder = sysfs_root + "/bus/event_source/devices/power_core";
  const auto type = ReadType(folder + "/type");
  if (!type && type.error().code == ENOENT) return PowerPmu();
  if (!type) return type.error();
  PowerPmu pmu;
  pmu.type = *type;
  if (const Status read = ReadPmu(sysfs_root, folder, kCoreEvents, CounterScope::kCore, pmu); !read) {
    return read.error();
  }
  return pmu;
}

}  // namespace brahe::energy
