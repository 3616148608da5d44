#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "userspace/energy/processor.h"

namespace brahe::energy {

// What of a machine's size tells what each of its threads draws: that many share what a socket draws.
struct MachineSize {
  uint32_t threads_per_socket;  // logical CPUs that are online; not 0
  uint32_t mib_per_thread;      // of memory; not 0
  bool one_socket;

  bool operator==(const MachineSize&) const = default;
};

// From SYSFS/devices/system/cpu and PROCFS/meminfo. nullopt where `processor` is a guest's, or does not tell (it is not
// x86), so that the size need not be the real machine's; and where the size cannot be read.
std::optional<MachineSize> ReadMachineSize(const Processor& processor, const std::string& procfs_root,
                                           const std::string& sysfs_root);

// "56 threads a socket, 1755 MiB a thread", and ", one socket" where it is the only one; for people.
std::string Describe(const MachineSize& size);

}  // namespace brahe::energy
