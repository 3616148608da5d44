#pragma once

#include <string>

#include "userspace/base/result.h"

namespace brahe {

// What the sources that have been opened go on doing.
struct PrivilegedWork {
  bool calls_bpf = false;          // on maps that are open
  bool opens_perf_events = false;  // anew, when a CPU goes or comes
};

// Keeps of the process' capabilities those that it needs from now on, and sets no_new_privs. Says which, and what is
// lost for lack of one that no other line tells of. To be called when all is open that takes more, and before there are
// threads. `procfs` is where it looks for what is lost.
Status DropPrivileges(const PrivilegedWork& work, const std::string& procfs);

}  // namespace brahe
