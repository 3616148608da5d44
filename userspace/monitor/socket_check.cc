#include "userspace/monitor/socket_check.h"

#include <algorithm>
#include <set>
#include <string>

namespace brahe::monitor {
namespace {

std::string ListOf(const std::set<uint32_t>& sockets) {
  std::string list;
  for (const uint32_t socket : sockets) list += (list.empty() ? "" : ", ") + std::to_string(socket);
  return list.empty() ? "none" : list;
}

}  // namespace

void SocketCheck::Look(const std::vector<energy::SocketLoad>& sockets) {
  std::set<uint32_t> known;
  for (const energy::SocketLoad& socket : sockets) {
    if (socket.load.capacity.value != 0) known.insert(socket.socket);
  }
  for (size_t z = 0; z < zones_.size(); ++z) {
    const energy::Zone& zone = zones_[z];
    if (!zone.socket) continue;
    const std::string socket = std::to_string(*zone.socket);
    const std::string name = "Zone " + zone.name + " of socket " + socket + " (" + zone.path + ")";
    if (known.contains(*zone.socket)) {
      faults_.Clear(std::to_string(z), name + ": its socket has an online CPU now");
    } else {
      faults_.Report(std::to_string(z),
                     name + ": no online CPU is of socket " + socket + " (sockets with CPUs: " + ListOf(known) +
                         "), so all its energy is booked as idle and no process gets any of it; if " +
                         "work runs on that socket, its CPUs' topology/physical_package_id in " + "sysfs name another");
    }
  }
}

}  // namespace brahe::monitor
