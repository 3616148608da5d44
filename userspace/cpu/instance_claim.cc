#include "userspace/cpu/instance_claim.h"

#include <bpf/bpf.h>
#include <glog/logging.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/cpu/bpf_map_list.h"

namespace brahe::cpu {
namespace {

// Making one needs CAP_BPF also where unprivileged users may use BPF.
constexpr bpf_map_type kType = BPF_MAP_TYPE_QUEUE;

constexpr Nanoseconds kBetweenLooks = Milliseconds(50);

// The oldest claim with that prefix, of those that are older than `own_id`.
std::optional<BpfMapName> OlderClaim(const std::vector<BpfMapName>& maps, const std::string& prefix, uint32_t own_id) {
  std::optional<BpfMapName> oldest;
  for (const BpfMapName& other : maps) {
    if (other.type != kType || other.id >= own_id || !other.name.starts_with(prefix)) continue;
    if (!oldest || other.id < oldest->id) oldest = other;
  }
  return oldest;
}

}  // namespace

Result<InstanceClaim> InstanceClaim::Take(const std::string& name, Nanoseconds patience) {
  CHECK_LE(name.size(), kMaxNameLength);
  const std::string prefix = name + ".";
  const std::string own_name = prefix + std::to_string(getpid());
  UniqueFd map(bpf_map_create(kType, own_name.c_str(), 0, sizeof(uint32_t), 1, nullptr));
  bpf_map_info own = {};
  __u32 size = sizeof own;
  if (!map.valid() || bpf_obj_get_info_by_fd(map.get(), &own, &size) != 0) {
    return SystemError("make BPF map " + own_name);
  }
  const Nanoseconds until = SystemClock().Now() + patience;
  while (true) {
    const auto maps = ListBpfMaps();
    if (!maps) {
      LOG(WARNING) << "A second brahe on this machine would go unnoticed, and each would slow down every switch: "
                   << maps.error().message << " (grant CAP_SYS_ADMIN to have it noticed)";
      return InstanceClaim(std::move(map), false);
    }
    const auto older = OlderClaim(*maps, prefix, own.id);
    if (!older) return InstanceClaim(std::move(map), true);
    const Nanoseconds now = SystemClock().Now();
    if (now >= until) {
      return Error{EWOULDBLOCK, "another brahe (pid " + older->name.substr(prefix.size()) +
                                    " in its PID namespace; it holds BPF map " + older->name +
                                    ") counts CPU time on this machine: stop it first, or start this one with "
                                    "--cpu.time-source=procfs"};
    }
    SystemClock().SleepUntil(std::min(until, now + kBetweenLooks));
  }
}

}  // namespace brahe::cpu
