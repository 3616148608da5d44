#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace brahe::energy {

// What a machine says of its first CPU and of itself. Empty where it says nothing.
struct Processor {
  std::string vendor = {};              // vendor_id of /proc/cpuinfo; of ARM's, "CPU implementer"
  std::optional<uint32_t> family = {};  // "cpu family"
  std::optional<uint32_t> model = {};   // "model"
  std::optional<uint32_t> stepping = {};
  std::string name = {};           // "model name"
  std::string part = {};           // "CPU part" of ARM's: "0xd40"
  std::optional<bool> guest = {};  // whether the "flags" of x86 have "hypervisor"; others do not tell
  std::string system_vendor = {};  // of DMI: "Amazon EC2"
  std::string product = {};        // of DMI: "m5.large"
};

// From PROCFS/cpuinfo and SYSFS/class/dmi/id.
Processor ReadProcessor(const std::string& procfs_root, const std::string& sysfs_root);

}  // namespace brahe::energy
