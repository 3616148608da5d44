#include "userspace/cpu/bpf_rights.h"

#include <bpf/bpf.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <sstream>

#include "userspace/base/capabilities.h"
#include "userspace/base/file.h"

namespace brahe::cpu {
namespace {

// "CAP_BPF and CAP_PERFMON".
std::string InWords(const std::vector<cap_value_t>& capabilities) {
  std::string words;
  for (const cap_value_t capability : capabilities) {
    std::string name = NamesOf({capability});
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    words += (words.empty() ? "" : " and ") + name;
  }
  return words;
}

// The machine's own user namespace has all users there are.
bool IsInUserNamespace() {
  const auto map = ReadFile("/proc/self/uid_map");
  if (!map) return false;
  std::istringstream fields(*map);
  uint64_t inside = 0, outside = 0, count = 0;
  fields >> inside >> outside >> count;
  return inside != 0 || outside != 0 || count != UINT32_MAX;
}

}  // namespace

bool OpenMapsNeedRights() {
  const WithoutCapabilities without({CAP_BPF, CAP_SYS_ADMIN});
  // The rights are looked at before the descriptor, which is none: EBADF says that they suffice.
  constexpr int kNoMap = -1;
  int key = 0, value = 0;
  return bpf_map_lookup_elem(kNoMap, &key, &value) != 0 && errno == EPERM;
}

BpfRights BpfRightsOfThread() {
  return {.lacks = MissingForBpf(CAP_IS_SUPPORTED(CAP_BPF), HasCapability),
          .user = geteuid(),
          .no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
          .in_user_namespace = IsInUserNamespace()};
}

std::vector<cap_value_t> MissingForBpf(bool kernel_knows_cap_bpf, const std::function<bool(cap_value_t)>& has) {
  if (has(CAP_SYS_ADMIN)) return {};
  if (!kernel_knows_cap_bpf) return {CAP_SYS_ADMIN};
  std::vector<cap_value_t> missing;
  for (const cap_value_t capability : {CAP_BPF, CAP_PERFMON}) {
    if (!has(capability)) missing.push_back(capability);
  }
  return missing;
}

std::string RemedyOf(const BpfRights& rights) {
  if (rights.in_user_namespace) {
    return "this process is in a user namespace of its own, where no capability counts for BPF: run it in the "
           "machine's, which in Kubernetes is without hostUsers: false";
  }
  if (rights.lacks.empty()) return "";
  const std::string lacks = "this process lacks " + InWords(rights.lacks);
  const std::string them = rights.lacks.size() == 1 ? "it" : "them";
  if (rights.user == 0) return lacks + ": grant " + them;
  const std::string file = rights.no_new_privs ? "" : " or by capabilities of its file";
  return lacks + ", as user " + std::to_string(rights.user) + ": run it as root, or grant " + them +
         " as ambient capabilities" + file +
         "; those that are added to a container are not ambient, so that there it is user 0 who has them";
}

}  // namespace brahe::cpu
