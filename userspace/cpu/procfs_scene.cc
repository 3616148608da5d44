#include "userspace/cpu/procfs_scene.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace brahe::cpu {
namespace {

void Demand(bool done, const std::string& what) {
  if (!done) throw std::system_error(errno, std::generic_category(), what);
}

// What `work` says or throws, by way of a pipe.
std::string InAChild(const std::function<std::string()>& work) {
  int ends[2];
  Demand(pipe(ends) == 0, "pipe");
  const pid_t child = fork();
  Demand(child >= 0, "fork");
  if (child == 0) {
    std::string said;
    try {
      said = work();
    } catch (const std::exception& failure) {
      said = failure.what();
    }
    (void)!write(ends[1], said.data(), said.size());
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  char block[4096];
  for (ssize_t got; (got = read(ends[0], block, sizeof block)) > 0;) said.append(block, static_cast<size_t>(got));
  close(ends[0]);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return said;
}

}  // namespace

std::string InAScene(bool private_pids, const std::function<std::string()>& look) {
  return InAChild([&] {
    Demand(unshare(CLONE_NEWNS | (private_pids ? CLONE_NEWPID : 0)) == 0, "unshare");
    Demand(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make mounts private");
    return private_pids ? InAChild(look) : look();  // its children are in the new PID namespace, itself it is not
  });
}

void MountProc(const std::string& folder, const std::string& options) {
  Demand(mount("proc", folder.c_str(), "proc", 0, options.c_str()) == 0, "mount proc on " + folder);
}

void BindMount(const std::string& from, const std::string& to) {
  Demand(mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) == 0, "bind " + to);
}

void GiveUpSysPtrace() {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  Demand(syscall(SYS_capget, &header, sets) == 0, "capget");
  sets[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective &= ~CAP_TO_MASK(CAP_SYS_PTRACE);
  sets[CAP_TO_INDEX(CAP_SYS_PTRACE)].permitted &= ~CAP_TO_MASK(CAP_SYS_PTRACE);
  Demand(syscall(SYS_capset, &header, sets) == 0, "capset");
}

void BecomeUser(uid_t user) {
  Demand(setresgid(user, user, user) == 0, "setresgid");
  Demand(setresuid(user, user, user) == 0, "setresuid");
}

}  // namespace brahe::cpu
