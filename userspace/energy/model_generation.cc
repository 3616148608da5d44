#include "userspace/energy/model_generation.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include "userspace/base/plain_text.h"

namespace brahe::energy {
namespace {

constexpr std::string_view kIntel = "GenuineIntel";
constexpr std::string_view kAmd = "AuthenticAMD";

// Numbers from `first` to `last`.
struct Range {
  uint32_t first = 0;
  uint32_t last = std::numeric_limits<uint32_t>::max();

  [[nodiscard]] bool Has(std::optional<uint32_t> number) const { return number && *number >= first && *number <= last; }
};

constexpr Range Only(uint32_t number) { return {number, number}; }

// How x86 CPUs of a generation call themselves. The first rule that fits counts.
struct X86Rule {
  std::string_view vendor;
  uint32_t family;
  Range models;
  std::string_view key;
  Range steppings = {};
  std::string_view name = {};  // is in the CPU's name
};

constexpr X86Rule kX86Rules[] = {
    // QEMU's CPUs of these names have the model numbers of desktops, and run on servers.
    {kIntel, 6, Only(42), "sandybridge-server", {}, "E312xx"},
    {kIntel, 6, Only(58), "ivybridge-server", {}, "E3-12xx"},
    {kIntel, 6, Only(60), "haswell-server", {}, "Core Processor (Haswell"},
    {kIntel, 6, Only(61), "broadwell-server", {}, "Core Processor (Broadwell"},
    {kIntel, 6, Only(94), "skylake-server", {}, "Core Processor (Skylake"},

    {kIntel, 6, Only(15), "core-server", {}, "Xeon"},
    {kIntel, 6, Only(23), "core-server", {}, "Xeon"},
    {kIntel, 6, Only(29), "core-server"},
    {kIntel, 6, Only(15), "core-client"},
    {kIntel, 6, Only(23), "core-client"},
    {kIntel, 6, Only(26), "nehalem-server"},
    {kIntel, 6, Only(46), "nehalem-server"},
    {kIntel, 6, Range{30, 31}, "nehalem-client"},
    {kIntel, 6, Only(44), "westmere-server"},
    {kIntel, 6, Only(47), "westmere-server"},
    {kIntel, 6, Only(42), "sandybridge-client"},
    {kIntel, 6, Only(45), "sandybridge-server"},
    {kIntel, 6, Only(58), "ivybridge-client"},
    {kIntel, 6, Only(62), "ivybridge-server"},
    {kIntel, 6, Only(60), "haswell-client"},
    {kIntel, 6, Range{69, 70}, "haswell-client"},
    {kIntel, 6, Only(63), "haswell-server"},
    {kIntel, 6, Only(79), "broadwell-server"},
    {kIntel, 6, Only(86), "broadwell-server"},
    {kIntel, 6, Only(78), "skylake-client"},
    {kIntel, 6, Only(94), "skylake-client"},
    {kIntel, 6, Only(85), "skylake-server", {0, 4}},
    {kIntel, 6, Only(85), "cascadelake-server", {5, 7}},
    {kIntel, 6, Only(85), "cooperlake-server", {10, 11}},
    {kIntel, 6, Only(158), "skylake-client", {0, 9}},  // Kaby Lake
    {kIntel, 6, Only(158), "coffeelake-client", {10, 13}},
    {kIntel, 6, Only(165), "cometlake-client"},
    {kIntel, 6, Only(106), "icelake-server"},
    {kIntel, 6, Only(108), "icelake-server"},
    {kIntel, 6, Only(167), "rocketlake-client"},
    {kIntel, 6, Only(151), "alderlake-client"},
    {kIntel, 6, Only(183), "alderlake-client"},  // Raptor Lake
    {kIntel, 6, Only(191), "alderlake-client"},  // Raptor Lake
    {kIntel, 6, Only(143), "sapphirerapids-server"},
    {kIntel, 6, Only(207), "sapphirerapids-server"},  // Emerald Rapids
    {kIntel, 6, Only(173), "graniterapids-server"},

    {kAmd, 16, {}, "k10-server", {}, "Opteron"},
    {kAmd, 21, Range{1, 2}, "bulldozer-server", {}, "Opteron"},
    {kAmd, 23, Only(1), "zen1-server", {}, "EPYC"},
    {kAmd, 23, Only(1), "zen1-client"},
    {kAmd, 23, Only(8), "zen1-client"},
    {kAmd, 23, Only(49), "zen2-server"},
    {kAmd, 23, Only(113), "zen2-client"},
    {kAmd, 25, Only(1), "zen3-server"},
    {kAmd, 25, Only(33), "zen3-client"},
    {kAmd, 25, Only(17), "zen4-server"},
    {kAmd, 25, Only(97), "zen4-client"},
    {"HygonGenuine", 24, {}, "zen1-server"},
};

// ARM's "CPU part", where the implementer is ARM itself (0x41).
struct ArmRule {
  std::string_view part;
  std::string_view key;
};

constexpr ArmRule kArmRules[] = {
    {"0xd0c", "neoverse-n1"},  // Graviton2, Ampere Altra
    {"0xd40", "neoverse-v1"},  // Graviton3
    {"0xd4f", "neoverse-v2"},  // Graviton4, Grace
};

// Where neither CPU nor instance type tells more.
struct VendorRule {
  std::string_view vendor;
  std::string_view key;
};

constexpr VendorRule kVendorRules[] = {{kIntel, "intel-any"}, {kAmd, "amd-any"}};

// The generations that Amazon's families of instances run on, as its documents say; those before Nitro do not tell
// their type. Others' machines do not tell it either, but tell their CPU: Google's and Microsoft's by /proc/cpuinfo.
struct InstanceRule {
  std::string_view families;  // words
  std::array<std::string_view, 2> keys;
};

constexpr InstanceRule kInstanceRules[] = {
    {"m5 m5d c5 c5d r5 r5d t3 i3en", {"cascadelake-server", "skylake-server"}},
    {"c5n z1d p3dn", {"skylake-server"}},
    {"m5n m5dn m5zn r5n r5dn r5b d3 d3en g4dn p4d x2iezn", {"cascadelake-server"}},
    {"m5a m5ad r5a r5ad t3a", {"zen1-server"}},
    {"c5a c5ad g4ad g5", {"zen2-server"}},
    {"m6i m6id m6in m6idn c6i c6id c6in r6i r6id r6in r6idn i4i x2idn x2iedn", {"icelake-server"}},
    {"m6a c6a r6a hpc6a g6", {"zen3-server"}},
    {"m7i m7i-flex c7i c7i-flex r7i r7iz i7ie", {"sapphirerapids-server"}},
    {"m7a c7a r7a hpc7a", {"zen4-server"}},
    {"m8i m8i-flex c8i c8i-flex r8i r8i-flex", {"graniterapids-server"}},
    {"a1", {"graviton1"}},
    {"m6g m6gd c6g c6gd c6gn r6g r6gd t4g x2gd i4g im4gn is4gen g5g", {"neoverse-n1"}},
    {"m7g m7gd c7g c7gd c7gn r7g r7gd hpc7g", {"neoverse-v1"}},
    {"m8g m8gd c8g c8gd c8gn r8g r8gd x8g i8g", {"neoverse-v2"}},
};

bool HasWord(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

// "" where the CPU is not known.
std::string_view KeyOfCpu(const Processor& cpu) {
  for (const X86Rule& rule : kX86Rules) {
    const bool fits = cpu.vendor == rule.vendor && cpu.family == rule.family && rule.models.Has(cpu.model) &&
                      rule.steppings.Has(cpu.stepping.value_or(0)) && cpu.name.find(rule.name) != std::string::npos;
    if (fits) return rule.key;
  }
  for (const ArmRule& rule : kArmRules) {
    if (cpu.vendor == "0x41" && cpu.part == rule.part) return rule.key;
  }
  return {};
}

// The keys for an instance type; null where it is not known.
const InstanceRule* InstanceOf(const Processor& machine) {
  if (machine.system_vendor != "Amazon EC2") return nullptr;
  const std::string_view family = std::string_view(machine.product).substr(0, machine.product.find('.'));
  const auto* const found = std::find_if(std::begin(kInstanceRules), std::end(kInstanceRules),
                                         [&](const InstanceRule& rule) { return HasWord(rule.families, family); });
  return found == std::end(kInstanceRules) ? nullptr : found;
}

std::string NumberText(std::string_view what, std::optional<uint32_t> number) {
  return number ? ", " + std::string(what) + " " + std::to_string(*number) : std::string();
}

// "CPU GenuineIntel, family 6, model 85, stepping 7 (Intel(R) Xeon(R) ...)".
std::string Describe(const Processor& cpu) {
  std::string text = "CPU " + (cpu.vendor.empty() ? "of no known vendor" : PlainText(cpu.vendor));
  text += NumberText("family", cpu.family) + NumberText("model", cpu.model) + NumberText("stepping", cpu.stepping);
  if (!cpu.part.empty()) text += ", part " + PlainText(cpu.part);
  return text + (cpu.name.empty() ? "" : " (" + PlainText(cpu.name) + ")");
}

ModelGeneration Found(std::string_view key, std::string by) { return {FindModelFigures(key), std::move(by)}; }

}  // namespace

ModelGeneration FindGeneration(const Processor& processor) {
  const std::string cpu = Describe(processor);
  const std::string_view key = KeyOfCpu(processor);
  if (const InstanceRule* const instance = InstanceOf(processor)) {
    const std::string type = "instance type " + PlainText(processor.product);
    const bool agrees =
        !key.empty() && std::find(instance->keys.begin(), instance->keys.end(), key) != instance->keys.end();
    if (agrees) return Found(key, type + " and " + cpu);
    return Found(instance->keys[0], type + "; not by " + cpu);
  }
  if (!key.empty()) return Found(key, cpu);
  for (const VendorRule& rule : kVendorRules) {
    if (processor.vendor == rule.vendor) return Found(rule.key, "vendor alone, of " + cpu);
  }
  return {nullptr, cpu};
}

std::vector<std::string_view> GenerationKeys() {
  std::vector<std::string_view> keys;
  for (const X86Rule& rule : kX86Rules) keys.push_back(rule.key);
  for (const ArmRule& rule : kArmRules) keys.push_back(rule.key);
  for (const VendorRule& rule : kVendorRules) keys.push_back(rule.key);
  for (const InstanceRule& rule : kInstanceRules) {
    for (const std::string_view key : rule.keys) {
      if (!key.empty()) keys.push_back(key);
    }
  }
  return keys;
}

}  // namespace brahe::energy
