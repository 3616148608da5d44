#include "userspace/cpu/kernel_features.h"

#include <sys/resource.h>
#include <sys/utsname.h>

#include <cerrno>
#include <cstdio>

#include "userspace/cpu/bpf_rights.h"

namespace brahe::cpu {
namespace {

#if defined(__aarch64__)
constexpr const char* kFirstKernel = "5.18";  // whose compiler knows the atomic operations that are barriers
#else
constexpr const char* kFirstKernel = "5.10";
#endif

bool IsOlderThan(int major, int minor) {
  utsname name;
  int have_major = 0, have_minor = 0;
  if (uname(&name) != 0 || sscanf(name.release, "%d.%d", &have_major, &have_minor) != 2) return false;
  return have_major < major || (have_major == major && have_minor < minor);
}

std::string PermissionRemedy() {
  if (std::string rights = RemedyOf(BpfRightsOfThread()); !rights.empty()) return rights;
  rlimit limit;
  if (IsOlderThan(5, 11) && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    return "before Linux 5.11 its maps must fit into RLIMIT_MEMLOCK, which is " +
           std::to_string(limit.rlim_cur / 1024) + " KiB: raise it";
  }
  return "this process has the rights, so a security module (BPF LSM, lockdown, seccomp) forbids it: allow it there";
}

}  // namespace

std::string BpfRemedy(int code) {
  switch (code) {
    case EPERM:
    case EACCES:
      return PermissionRemedy();
    case ENOMEM:
      return "no memory for it: lower --cpu.max-processes";
    case ESRCH:
    case ENOENT:
      return "this kernel does not have what it attaches to";
    default:
      return "the kernel is locked down, or older than " + std::string(kFirstKernel) +
             " or without BTF; --log.level=debug shows its reason";
  }
}

}  // namespace brahe::cpu
