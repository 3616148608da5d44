#include "userspace/privileges.h"

#include <glog/logging.h>
#include <sys/capability.h>

#include <algorithm>
#include <vector>

#include "userspace/base/capabilities.h"
#include "userspace/cpu/bpf_rights.h"

namespace brahe {
namespace {

// Capabilities of which any one will do, the smallest first.
using Alternatives = std::vector<cap_value_t>;

std::vector<Alternatives> NeedsOf(const PrivilegedWork& work) {
  std::vector<Alternatives> needs = {
      // Cgroups by their ids (this takes the first), zones of energy that come back, certificates, tokens.
      {CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE},
      // Programs and environments of others.
      {CAP_SYS_PTRACE},
  };
  if (work.opens_perf_events) needs.push_back({CAP_PERFMON, CAP_SYS_ADMIN});
  if (work.calls_bpf && cpu::OpenMapsNeedRights()) needs.push_back({CAP_BPF, CAP_SYS_ADMIN});
  return needs;
}

}  // namespace

Status DropPrivileges(const PrivilegedWork& work) {
  std::vector<cap_value_t> kept;
  for (const Alternatives& need : NeedsOf(work)) {
    const auto had = std::find_if(need.begin(), need.end(), HasCapability);
    if (had != need.end()) kept.push_back(*had);
  }
  if (!HasCapability(CAP_DAC_READ_SEARCH)) {
    LOG(WARNING)
        << "Fewer containers are known and have a name: files that others have closed, and cgroups by their ids, "
           "are opened by holders of CAP_DAC_READ_SEARCH only (grant it)";
  }
  if (!HasCapability(CAP_SYS_PTRACE)) {
    LOG(WARNING)
        << "Processes of other users that run already have no exe, and fewer containers have a name: the kernel "
           "tells of them to holders of CAP_SYS_PTRACE only (grant it)";
  }
  const Status dropped = KeepOnlyCapabilities(kept);
  if (dropped) LOG(INFO) << "Capabilities from now on: " << NamesOf(kept);
  return dropped;
}

}  // namespace brahe
