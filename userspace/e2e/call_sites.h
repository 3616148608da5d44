#pragma once

#include <linux/seccomp.h>
#include <sys/types.h>

#include <string>
#include <vector>

// What a program's system calls are about, in words that are the same each time.
namespace brahe::disturbances {

enum class Transfer { kNone, kRead, kPread, kList, kWrite, kPwrite, kWritev, kPwritev };

struct CallSite {
  std::string text;  // "openat /proc/N/stat", "bpf lookup_elem comms", "ppoll of thread 1"
  Transfer transfer = Transfer::kNone;
};

// Of a call by a thread of the process `pid`, whose threads that last are `threads`, in their order.
CallSite SiteOf(const seccomp_notif& call, pid_t pid, const std::vector<pid_t>& threads);

// "/proc/N/stat" of "/proc/12/stat", and ID for a container's. But a path below /class/ as it is, where they name
// devices.
std::string WithoutNumbers(const std::string& path);

}  // namespace brahe::disturbances
