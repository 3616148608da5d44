#pragma once

namespace brahe::cpu {

// Whether the kernel asks for CAP_BPF (or CAP_SYS_ADMIN) also at calls on maps that are open already. Until Linux 5.18
// it does where the sysctl kernel.unprivileged_bpf_disabled is set; commit c8644cd0efe7 ended that. Tries it.
bool OpenMapsNeedRights();

}  // namespace brahe::cpu
