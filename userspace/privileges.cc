#include "userspace/privileges.h"

#include <glog/logging.h>
#include <sys/capability.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "userspace/base/capabilities.h"
#include "userspace/base/file.h"
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

// How many processes of PROCFS hide their programs from this one.
size_t CountHidden(const std::string& procfs) {
  size_t hidden = 0;
  std::error_code error;
  std::filesystem::directory_iterator entry(procfs, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (!std::isdigit(static_cast<unsigned char>(entry->path().filename().native().front()))) continue;
    const auto exe = ReadLink(entry->path().native() + "/exe");
    if (!exe && IsPermission(exe.error())) ++hidden;
  }
  return hidden;
}

}  // namespace

Status DropPrivileges(const PrivilegedWork& work, const std::string& procfs) {
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
  } else if (const size_t hidden = CountHidden(procfs); hidden > 1) {  // a sandbox may hide its first process
    LOG(WARNING)
        << hidden
        << " processes have no exe, and fewer containers have a name: a security module hides them in spite of "
           "CAP_SYS_PTRACE (in a pod or container, set its AppArmor profile to Unconfined, or take Brahe's own)";
  }
  const Status dropped = KeepOnlyCapabilities(kept);
  if (dropped) LOG(INFO) << "Capabilities from now on: " << NamesOf(kept);
  return dropped;
}

}  // namespace brahe
