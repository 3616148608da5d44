#pragma once

#include <sys/capability.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace brahe::cpu {

// Whether the kernel asks for CAP_BPF (or CAP_SYS_ADMIN) also at calls on maps that are open already. Until Linux 5.18
// it does where the sysctl kernel.unprivileged_bpf_disabled is set; commit c8644cd0efe7 ended that. Tries it.
bool OpenMapsNeedRights();

// What decides whether a thread may load BPF programs.
struct BpfRights {
  std::vector<cap_value_t> lacks;  // of what that takes
  uid_t user = 0;                  // effective
  bool no_new_privs = false;       // capabilities of the program's file do not count
  bool in_user_namespace = false;  // of its own, where capabilities do not count for BPF
};
BpfRights BpfRightsOfThread();

// The capabilities that loading takes and that a thread has not, of which `has` tells. Before Linux 5.8, which does not
// know CAP_BPF, that is CAP_SYS_ADMIN, and since then this one is as good as the others.
std::vector<cap_value_t> MissingForBpf(bool kernel_knows_cap_bpf, const std::function<bool(cap_value_t)>& has);

// What is missing, and how to get it; empty if nothing is. Ends a sentence.
std::string RemedyOf(const BpfRights& rights);

}  // namespace brahe::cpu
