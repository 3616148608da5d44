#include "userspace/energy/machine_size.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string_view>

#include "userspace/energy/cpu_places.h"
#include "userspace/energy/memory_size.h"

namespace brahe::energy {
namespace {

// Amazon rents whole machines as well: "m5.metal", "u-6tb1.metal", "m7i.metal-24xl".
bool IsGuest(const Processor& machine) {
  const bool is_rented_part =
      machine.system_vendor == "Amazon EC2" && machine.product.find(".metal") == std::string::npos;
  return machine.guest.value_or(true) || is_rented_part;
}

}  // namespace

std::optional<MachineSize> ReadMachineSize(const Processor& processor, const std::string& procfs_root,
                                           const std::string& sysfs_root) {
  if (IsGuest(processor)) return std::nullopt;
  const auto places = OnlineCpuPlaces(sysfs_root);
  const auto kib = ReadMemoryKib(procfs_root);
  if (!places || places->empty() || !kib) return std::nullopt;
  std::set<uint32_t> sockets;
  for (const CpuPlace& place : *places) sockets.insert(place.socket);
  const uint64_t mib_per_thread = *kib / 1024 / places->size();
  if (mib_per_thread == 0 || mib_per_thread > std::numeric_limits<uint32_t>::max()) return std::nullopt;
  return MachineSize{.threads_per_socket = static_cast<uint32_t>(places->size() / sockets.size()),
                     .mib_per_thread = static_cast<uint32_t>(mib_per_thread),
                     .one_socket = sockets.size() == 1};
}

std::string Describe(const MachineSize& size) {
  return std::to_string(size.threads_per_socket) + " threads a socket, " + std::to_string(size.mib_per_thread) +
         " MiB a thread" + (size.one_socket ? ", one socket" : "");
}

}  // namespace brahe::energy
