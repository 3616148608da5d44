#include "userspace/energy/msr_registers.h"

#include <algorithm>
#include <array>

namespace brahe::energy {
namespace {

constexpr const char* kIntel = "GenuineIntel";
constexpr uint64_t kMicrojoulesPerJoule = 1'000'000;

RaplRegisters IntelRegisters() {
  return {.unit = 0x606,
          .energies = {{"core", 0x639, RegisterScope::kDie},
                       {"dram", 0x619, RegisterScope::kDie},
                       {"package", 0x611, RegisterScope::kDie},
                       {"psys", 0x64d, RegisterScope::kMachine},
                       {"uncore", 0x641, RegisterScope::kDie}}};
}

RaplRegisters AmdRegisters() {
  return {.unit = 0xc0010299,
          .energies = {{"core", 0xc001029a, RegisterScope::kCore}, {"package", 0xc001029b, RegisterScope::kSocket}}};
}

// Whether it is one of Intel's family 6 with a model of `models`.
template <size_t kCount>
bool IsOneOf(const Processor& processor, const std::array<uint32_t, kCount>& models) {
  return processor.vendor == kIntel && processor.family == 6U && processor.model &&
         std::find(models.begin(), models.end(), *processor.model) != models.end();
}

bool HasFixedDramUnit(const Processor& processor) {
  constexpr std::array<uint32_t, 8> kModels = {
      0x3f,        // Haswell-X
      0x4f, 0x56,  // Broadwell-X and -D
      0x55,        // Skylake-X, Cascade Lake and Cooper Lake
      0x6a, 0x6c,  // Ice Lake-X and -D
      0x57, 0x85,  // Xeon Phi: Knights Landing and Knights Mill
  };
  return IsOneOf(processor, kModels);
}

bool CountsPsysInJoules(const Processor& processor) {
  constexpr std::array<uint32_t, 2> kModels = {0x8f, 0xcf};  // Sapphire and Emerald Rapids
  return IsOneOf(processor, kModels);
}

bool CountsInMicrojoules(const Processor& processor) {
  // Silvermont (Bay Trail), its phones' (Merrifield, Moorefield), and Airmont (Cherry Trail)
  constexpr std::array<uint32_t, 4> kModels = {0x37, 0x4a, 0x5a, 0x4c};
  return IsOneOf(processor, kModels);
}

}  // namespace

Result<RaplRegisters> RaplRegistersOf(const Processor& processor) {
  if (processor.vendor == kIntel) return IntelRegisters();
  if (processor.vendor == "AuthenticAMD" || processor.vendor == "HygonGenuine") return AmdRegisters();
  return MakeError("no registers of RAPL are known of " +
                   (processor.vendor.empty() ? "a processor whose cpuinfo names no vendor"
                                             : "processors of the vendor \"" + processor.vendor + "\"") +
                   ", only of Intel's, AMD's and Hygon's");
}

EnergyScale RegisterScale(const Processor& processor, const std::string& zone, uint64_t unit) {
  constexpr unsigned kDramExponent = 16;
  const unsigned exponent = (unit >> 8) & 0x1f;
  if (zone == "dram" && HasFixedDramUnit(processor)) return {kMicrojoulesPerJoule, uint64_t{1} << kDramExponent};
  if (zone == "psys" && CountsPsysInJoules(processor)) return {kMicrojoulesPerJoule, 1};
  if (CountsInMicrojoules(processor)) return {uint64_t{1} << exponent, 1};
  return {kMicrojoulesPerJoule, uint64_t{1} << exponent};
}

}  // namespace brahe::energy
