#pragma once

#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/fault_log.h"
#include "userspace/energy/energy_meter.h"

namespace brahe::monitor {

// Says which zones are of a socket that no online CPU belongs to. There is nobody to give their energy to: all of it is
// booked as idle. Each is said once, and once when its socket has a CPU. Not thread-safe.
class SocketCheck {
 public:
  // `zones` and `clock` must outlive this.
  SocketCheck(const std::vector<energy::Zone>& zones, const Clock& clock) : zones_(zones), faults_(clock) {}

  // Of an epoch: the sockets that have CPUs.
  void Look(const std::vector<energy::SocketLoad>& sockets);

 private:
  const std::vector<energy::Zone>& zones_;
  FaultLog faults_;
};

}  // namespace brahe::monitor
