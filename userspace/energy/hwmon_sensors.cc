#include "userspace/energy/hwmon_sensors.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/values.h"
#include "userspace/energy/hwmon_chips.h"

namespace brahe::energy {
namespace {

constexpr std::string_view kAcpiMeter = "power_meter";

// A row of the table in the header.
struct KnownSensor {
  std::string_view chip;
  std::string_view label;
  std::string_view zone;
  bool of_socket = false;  // the socket's number follows the label
  bool asked_for = false;
};

constexpr std::array<KnownSensor, 13> kKnown = {{
    {.chip = kAcpiMeter, .label = "Grace Power Socket ", .zone = "package", .of_socket = true},
    {.chip = kAcpiMeter, .label = "CPU Power Socket ", .zone = "core", .of_socket = true},
    {.chip = kAcpiMeter, .label = "SysIO Power Socket ", .zone = "uncore", .of_socket = true},
    {.chip = kAcpiMeter, .label = "Module Power Socket ", .zone = "module", .of_socket = true, .asked_for = true},
    {.chip = "apm_xgene", .label = "CPU power", .zone = "core"},
    {.chip = "apm_xgene", .label = "IO power", .zone = "uncore"},
    {.chip = "amd_energy", .label = "Esocket", .zone = "package", .of_socket = true},
    {.chip = "ina3221", .label = "VDD_IN", .zone = "platform"},
    {.chip = "ina3221", .label = "POM_5V_IN", .zone = "platform"},
    {.chip = "ina3221", .label = "CPU", .zone = "core"},
    {.chip = "ina3221", .label = "VDD_CPU", .zone = "core"},
    {.chip = "ina3221", .label = "VDD_SYS_CPU", .zone = "core"},
    {.chip = "ina3221", .label = "POM_5V_CPU", .zone = "core"},
}};

// What a chip offers.
struct Candidate {
  HwmonSensor sensor = {};
  std::string chip;
  std::string name;   // "power1"
  std::string label;  // as the chip has it; may be empty
  bool asked_for = false;
};

std::string Content(const std::string& path) {
  const auto content = ReadFile(path);
  return content ? std::string(Trim(*content)) : "";
}

std::string FileOf(const HwmonFiles& files, const std::string& what) {
  const auto file = files.find(what);
  return file == files.end() ? "" : file->second;
}

// Small letters, digits and '_', and none of that at the ends.
std::string Cleaned(std::string_view text) {
  std::string cleaned = LowerCase(text);
  const auto belongs = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  std::replace_if(
      cleaned.begin(), cleaned.end(), [&](char c) { return !belongs(c); }, '_');
  const size_t begin = cleaned.find_first_not_of('_');
  if (begin == std::string::npos) return "";
  return cleaned.substr(begin, cleaned.find_last_not_of('_') - begin + 1);
}

const HwmonRule* RuleOf(const HwmonChip& chip, const std::vector<HwmonRule>& rules) {
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](const HwmonRule& candidate) {
    return LowerCase(candidate.chip) == LowerCase(chip.name);
  });
  return rule == rules.end() ? nullptr : &*rule;
}

bool IsPowerSupply(const HwmonChip& chip) { return chip.device.find("/power_supply/") != std::string::npos; }

// Also a wireless mouse has a battery; that is not the system's.
bool IsBattery(const HwmonChip& chip) {
  return IsPowerSupply(chip) && Content(chip.device + "/type") == "Battery" &&
         Content(chip.device + "/scope") != "Device";
}

// Whether its energy is that of something else than the node: its own, or what flows into it.
bool IsOfADevice(const HwmonChip& chip) {
  constexpr std::array<std::string_view, 7> kDevices = {"amdgpu", "drivetemp", "i915", "nouveau",
                                                        "nvme",   "radeon",    "xe"};
  // PCI's classes of storage, network, display and processing accelerators.
  constexpr std::array<std::string_view, 4> kPciClasses = {"0x01", "0x02", "0x03", "0x12"};
  if (IsPowerSupply(chip)) return !IsBattery(chip);
  const std::string pci_class = Content(chip.device + "/class").substr(0, 4);
  return std::find(kDevices.begin(), kDevices.end(), chip.name) != kDevices.end() ||
         std::find(kPciClasses.begin(), kPciClasses.end(), pci_class) != kPciClasses.end();
}

bool IsOff(const HwmonFiles& files) {
  const std::string file = FileOf(files, "enable");
  return !file.empty() && Content(file) == "0";
}

std::string LabelOf(const HwmonFiles& files) {
  const std::string label = FileOf(files, "label");
  // Where ACPI's power meters say what they measure.
  return Content(label.empty() ? FileOf(files, "oem_info") : label);
}

Candidate MakeCandidate(const HwmonChip& chip, const std::string& name, const std::string& label) {
  Candidate candidate{.chip = chip.name, .name = name, .label = label};
  candidate.sensor.zone = {.name = Cleaned(label), .path = chip.device + "/" + name, .socket = {}};
  if (candidate.sensor.zone.name.empty()) candidate.sensor.zone.name = Cleaned(chip.name + "_" + name);
  return candidate;
}

void AddSingles(const HwmonChip& chip, const std::string& type, std::vector<Candidate>& candidates) {
  for (const auto& [key, files] : chip.sensors) {
    if (key.first != type || IsOff(files)) continue;
    Candidate candidate = MakeCandidate(chip, type + std::to_string(key.second), LabelOf(files));
    candidate.sensor.source = type == "energy" ? HwmonSource::kEnergy : HwmonSource::kPower;
    candidate.sensor.file = FileOf(files, "average");
    if (type == "energy" || candidate.sensor.file.empty()) candidate.sensor.file = FileOf(files, "input");
    const std::string is_battery = FileOf(files, "is_battery");
    if (!is_battery.empty() && Content(is_battery) == "1") continue;
    if (!candidate.sensor.file.empty()) candidates.push_back(std::move(candidate));
  }
}

// Which current belongs to a voltage.
std::optional<unsigned> CurrentOf(unsigned voltage, const HwmonChip& chip, const HwmonRule* rule) {
  if (rule == nullptr) {
    // Its higher ones are the voltages at the shunts, and their sum.
    constexpr unsigned kChannels = 3;
    return chip.name == "ina3221" && voltage > kChannels ? std::nullopt : std::optional(voltage);
  }
  if (rule->skip_voltages.contains(voltage)) return std::nullopt;
  unsigned current = voltage;
  if (!rule->pairings.empty()) {
    const auto pairing = rule->pairings.find(voltage);
    if (pairing == rule->pairings.end()) return std::nullopt;
    current = pairing->second;
  }
  return rule->skip_currents.contains(current) ? std::nullopt : std::optional(current);
}

void AddPairs(const HwmonChip& chip, const HwmonRule* rule, std::vector<Candidate>& candidates) {
  for (const auto& [key, voltage] : chip.sensors) {
    if (key.first != "in" || IsOff(voltage)) continue;
    const auto number = CurrentOf(key.second, chip, rule);
    const auto current = number ? chip.sensors.find({"curr", *number}) : chip.sensors.end();
    if (current == chip.sensors.end() || IsOff(current->second)) continue;
    const bool have_average = voltage.contains("average") && current->second.contains("average");
    const std::string what = have_average ? "average" : "input";
    const std::string label = LabelOf(voltage);
    Candidate candidate =
        MakeCandidate(chip, "power" + std::to_string(key.second), label.empty() ? LabelOf(current->second) : label);
    candidate.sensor.source = HwmonSource::kPair;
    candidate.sensor.file = FileOf(voltage, what);
    candidate.sensor.current_file = FileOf(current->second, what);
    if (candidate.sensor.file.empty() || candidate.sensor.current_file.empty()) continue;
    candidates.push_back(std::move(candidate));
  }
}

// The sensors of the best kind that the chip has.
std::vector<Candidate> CandidatesOf(const HwmonChip& chip, const HwmonRule* rule) {
  std::vector<Candidate> candidates;
  AddSingles(chip, "energy", candidates);
  if (candidates.empty()) AddSingles(chip, "power", candidates);
  if (candidates.empty()) AddPairs(chip, rule, candidates);
  return candidates;
}

// The ids of the sockets, in order: firmware counts them from 0, but on arm64 ids may be any numbers.
std::vector<uint32_t> SocketIds(const std::string& sysfs_root) {
  std::set<uint32_t> ids;
  std::error_code error;
  std::filesystem::directory_iterator entry(sysfs_root + "/devices/system/cpu", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const auto id = ParseUint64(Content(entry->path().string() + "/topology/physical_package_id"));
    if (id && *id <= std::numeric_limits<uint32_t>::max()) ids.insert(static_cast<uint32_t>(*id));
  }
  return {ids.begin(), ids.end()};
}

// Gives the candidate the zone that is known for it. False if none is.
bool SetKnownZone(const std::vector<uint32_t>& sockets, Candidate& candidate) {
  for (const KnownSensor& known : kKnown) {
    if (known.chip != candidate.chip || !candidate.label.starts_with(known.label)) continue;
    const std::string rest = candidate.label.substr(known.label.size());
    const auto ordinal = ParseUint64(rest);
    if (known.of_socket ? !ordinal : !rest.empty()) continue;
    candidate.sensor.zone.name = known.zone;
    candidate.asked_for = known.asked_for;
    if (known.of_socket && *ordinal < sockets.size()) candidate.sensor.zone.socket = sockets[*ordinal];
    return true;
  }
  return false;
}

void SetPlatform(Candidate& candidate) { candidate.sensor.zone.name = "platform"; }

// ACPI's power meters that do not say what they measure. One alone measures the machine; several could be parts of one
// another, and are taken as they are by those who ask for them only.
void SetUnknownMeters(const HwmonOptions& options, std::vector<Candidate>& meters, std::vector<Candidate>& taken) {
  for (Candidate& meter : meters) {
    if (meters.size() == 1) SetPlatform(meter);
    meter.asked_for = meters.size() > 1 && !options.force;
    taken.push_back(std::move(meter));
  }
}

std::vector<Candidate> AllCandidates(const std::string& sysfs_root, const std::vector<HwmonChip>& chips,
                                     const HwmonOptions& options) {
  const std::vector<uint32_t> sockets = SocketIds(sysfs_root);
  std::vector<Candidate> taken;
  std::vector<Candidate> unknown_meters;
  for (const HwmonChip& chip : chips) {
    if (IsOfADevice(chip)) continue;
    const HwmonRule* const rule = RuleOf(chip, options.rules);
    for (Candidate& candidate : CandidatesOf(chip, rule)) {
      const bool is_known = SetKnownZone(sockets, candidate);
      if (IsBattery(chip)) {
        SetPlatform(candidate);
        candidate.sensor.battery_status = chip.device + "/status";
        candidate.asked_for = true;
      } else if (!is_known && rule == nullptr && chip.name == kAcpiMeter) {
        unknown_meters.push_back(std::move(candidate));
        continue;
      } else if (!is_known && rule == nullptr && !options.force) {
        continue;
      }
      taken.push_back(std::move(candidate));
    }
  }
  SetUnknownMeters(options, unknown_meters, taken);
  return taken;
}

bool IsCalled(const Candidate& candidate, const std::string& name) {
  return name == candidate.sensor.zone.name || name == candidate.name ||
         name == Cleaned(candidate.chip + "_" + candidate.name) ||
         (!candidate.label.empty() && name == Cleaned(candidate.label));
}

// Keeps what options.zones names; without a name, what need not be asked for.
Status KeepWanted(const std::vector<std::string>& wanted, std::vector<Candidate>& candidates) {
  std::set<std::string> present;
  for (const Candidate& candidate : candidates) present.insert(candidate.sensor.zone.name);
  std::erase_if(candidates, [&](const Candidate& candidate) {
    if (wanted.empty()) return candidate.asked_for;
    return std::none_of(wanted.begin(), wanted.end(),
                        [&](const std::string& name) { return IsCalled(candidate, Cleaned(name)); });
  });
  if (!candidates.empty() || present.empty()) return {};
  const std::string there = Joined({present.begin(), present.end()});
  if (wanted.empty()) {
    return MakeError("what is here must be asked for: experimental.hwmon.zones may name " + there);
  }
  return MakeError("no hwmon zone is called " + Joined(wanted) + "; experimental.hwmon.zones may name " + there);
}

std::string NamesOf(const std::vector<HwmonChip>& chips) {
  std::set<std::string> names;
  for (const HwmonChip& chip : chips) names.insert(chip.name);
  return Joined({names.begin(), names.end()});
}

}  // namespace

Result<std::vector<HwmonSensor>> FindHwmonSensors(const std::string& sysfs_root, const HwmonOptions& options) {
  const auto chips = ListHwmonChips(sysfs_root);
  if (!chips) return chips.error();
  std::vector<Candidate> candidates = AllCandidates(sysfs_root, *chips, options);
  if (const Status kept = KeepWanted(options.zones, candidates); !kept) return kept.error();
  if (candidates.empty()) {
    return MakeError("no chip in " + sysfs_root + "/class/hwmon is known to measure the machine" +
                     (chips->empty() ? "" : " (there are " + NamesOf(*chips) + ")") +
                     "; experimental.hwmon.chipRules takes one that does");
  }
  std::vector<HwmonSensor> sensors;
  sensors.reserve(candidates.size());
  for (Candidate& candidate : candidates) sensors.push_back(std::move(candidate.sensor));
  std::sort(sensors.begin(), sensors.end(), [](const HwmonSensor& a, const HwmonSensor& b) {
    return std::tie(a.zone.name, a.zone.socket, a.zone.path) < std::tie(b.zone.name, b.zone.socket, b.zone.path);
  });
  return sensors;
}

}  // namespace brahe::energy
