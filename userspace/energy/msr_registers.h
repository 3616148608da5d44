#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/energy/energy_scale.h"
#include "userspace/energy/processor.h"

namespace brahe::energy {

// Which CPUs show the same counter in a register.
enum class RegisterScope { kMachine, kDie, kSocket, kCore };

// A model-specific register that counts energy in its lower 32 bits, and goes around.
struct EnergyRegister {
  std::string zone;  // powercap's name for what it counts
  uint32_t address = 0;
  RegisterScope scope = RegisterScope::kDie;
};

// How many counts such a register has.
constexpr uint64_t kRegisterCounts = uint64_t{1} << 32;

// RAPL's registers of a vendor. Which of them a processor has is found out by reading them.
struct RaplRegisters {
  uint32_t unit = 0;                     // the register that tells what a count is worth
  std::vector<EnergyRegister> energies;  // by zone
};

// Intel's, or AMD's since Zen and Hygon's. An Error for other vendors. Addresses are those of the Software Developer's
// Manual (volume 4) and of AMD's Processor Programming References; Linux has them in asm/msr-index.h.
Result<RaplRegisters> RaplRegistersOf(const Processor& processor);

// What a count of the register of `zone` is worth where the unit register shows `unit`: 2^-E J, where E is its bits 8
// to 12; but the following, as Linux 6.14 has it in arch/x86/events/rapl.c and drivers/powercap/intel_rapl_common.c:
// - `dram` of the servers from Haswell to Ice Lake and of Xeon Phi: 2^-16 J, whatever the register says;
// - `psys` of Sapphire and Emerald Rapids: 1 J;
// - all zones of Silvermont and Airmont: 2^E uJ.
EnergyScale RegisterScale(const Processor& processor, const std::string& zone, uint64_t unit);

}  // namespace brahe::energy
