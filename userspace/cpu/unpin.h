#pragma once

#include <cstddef>
#include <string>

#include "userspace/base/result.h"

namespace brahe::cpu {

// What was taken out of the kernel; all 0: nothing was there.
struct Unpinned {
  size_t programs = 0, maps = 0;
};

// Ends the kernel side that a process has left in `pin_path`: its programs are detached, and its memory is free. An
// Error, EWOULDBLOCK among them, where an instance with `claim` (BpfProgramOptions) runs or cannot be looked for, and
// where this user may not remove the folder; root may remove a service's. What was counted since it was read last is
// lost.
Result<Unpinned> Unpin(const std::string& pin_path, const std::string& claim = "brahe");

}  // namespace brahe::cpu
