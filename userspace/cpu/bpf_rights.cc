#include "userspace/cpu/bpf_rights.h"

#include <bpf/bpf.h>

#include <cerrno>

#include "userspace/base/capabilities.h"

namespace brahe::cpu {

bool OpenMapsNeedRights() {
  const WithoutCapabilities without({CAP_BPF, CAP_SYS_ADMIN});
  // The rights are looked at before the descriptor, which is none: EBADF says that they suffice.
  constexpr int kNoMap = -1;
  int key = 0, value = 0;
  return bpf_map_lookup_elem(kNoMap, &key, &value) != 0 && errno == EPERM;
}

}  // namespace brahe::cpu
