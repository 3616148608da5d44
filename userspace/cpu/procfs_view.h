#pragma once

#include <string>
#include <string_view>

#include "userspace/base/result.h"

namespace brahe::cpu {

// Success if PROCFS is proven to show every process of the machine, so that one without a folder in it is gone. The
// Error names the remedy. Four system calls; what was proven holds until PROCFS is mounted anew. Thread-safe.
//
// The proof is that PROCFS shows kthreadd, the parent of the kernel's threads. These are in no PID namespace but the
// initial one. Where the mount option hidepid hides processes, it hides theirs too, but for the group that the option
// gid excepts and for holders of CAP_SYS_PTRACE in the initial user namespace, who see everybody. To be root is not
// enough: a kernel thread has all capabilities, and so must have who wants to see it without that one.
//
// What it cannot tell: hidepid with a security module that lets us look at kernel threads and not at some others.
Status CheckShowsAllProcesses(const std::string& procfs_root);

// Whether `stat`, the text of PROCFS/2/stat, is kthreadd's.
bool IsKthreadd(std::string_view stat);

}  // namespace brahe::cpu
