#include "userspace/e2e/call_sites.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <regex>

#include "userspace/base/file.h"
#include "userspace/e2e/supervised_command.h"

namespace brahe::disturbances {
namespace {

using supervision::ReadMemory;

enum class Target { kNone, kPath, kPathAt, kFd, kBpf };

struct Call {
  int number;
  const char* name;
  Target target = Target::kNone;
  Transfer transfer = Transfer::kNone;
};

// Those that are not here have a number for a name.
constexpr Call kCalls[] = {
    {SYS_read, "read", Target::kFd, Transfer::kRead},
    {SYS_pread64, "pread64", Target::kFd, Transfer::kPread},
    {SYS_getdents64, "getdents64", Target::kFd, Transfer::kList},
    {SYS_write, "write", Target::kFd, Transfer::kWrite},
    {SYS_writev, "writev", Target::kFd, Transfer::kWritev},
    {SYS_pwrite64, "pwrite64", Target::kFd, Transfer::kPwrite},
    {SYS_pwritev, "pwritev", Target::kFd, Transfer::kPwritev},
    {SYS_openat, "openat", Target::kPathAt},
    {SYS_newfstatat, "newfstatat", Target::kPathAt},
    {SYS_readlinkat, "readlinkat", Target::kPathAt},
    {SYS_unlinkat, "unlinkat", Target::kPathAt},
    {SYS_renameat, "renameat", Target::kPathAt},
    {SYS_statx, "statx", Target::kPathAt},
    {SYS_faccessat, "faccessat", Target::kPathAt},
    {SYS_statfs, "statfs", Target::kPath},
#ifdef __x86_64__
    {SYS_open, "open", Target::kPath},
    {SYS_stat, "stat", Target::kPath},
    {SYS_lstat, "lstat", Target::kPath},
    {SYS_access, "access", Target::kPath},
    {SYS_readlink, "readlink", Target::kPath},
    {SYS_poll, "poll"},
    {SYS_epoll_wait, "epoll_wait", Target::kFd},
#endif
    {SYS_open_by_handle_at, "open_by_handle_at", Target::kFd},
    {SYS_fstat, "fstat", Target::kFd},
    {SYS_fstatfs, "fstatfs", Target::kFd},
    {SYS_lseek, "lseek", Target::kFd},
    {SYS_fcntl, "fcntl", Target::kFd},
    {SYS_ioctl, "ioctl", Target::kFd},
    {SYS_flock, "flock", Target::kFd},
    {SYS_fallocate, "fallocate", Target::kFd},
    {SYS_ftruncate, "ftruncate", Target::kFd},
    {SYS_fdatasync, "fdatasync", Target::kFd},
    {SYS_fsync, "fsync", Target::kFd},
    {SYS_fchmod, "fchmod", Target::kFd},
    {SYS_epoll_pwait, "epoll_pwait", Target::kFd},
    {SYS_epoll_ctl, "epoll_ctl", Target::kFd},
    {SYS_accept4, "accept4", Target::kFd},
    {SYS_recvfrom, "recvfrom", Target::kFd},
    {SYS_recvmsg, "recvmsg", Target::kFd},
    {SYS_sendto, "sendto", Target::kFd},
    {SYS_sendmsg, "sendmsg", Target::kFd},
    {SYS_shutdown, "shutdown", Target::kFd},
    {SYS_setsockopt, "setsockopt", Target::kFd},
    {SYS_getsockopt, "getsockopt", Target::kFd},
    {SYS_getsockname, "getsockname", Target::kFd},
    {SYS_getpeername, "getpeername", Target::kFd},
    {SYS_bpf, "bpf", Target::kBpf},
    {SYS_ppoll, "ppoll"},
    {SYS_clock_nanosleep, "clock_nanosleep"},
    {SYS_mmap, "mmap"},
    {SYS_munmap, "munmap"},
    {SYS_mremap, "mremap"},
    {SYS_mprotect, "mprotect"},
    {SYS_madvise, "madvise"},
    {SYS_brk, "brk"},
    {SYS_membarrier, "membarrier"},
    {SYS_prlimit64, "prlimit64"},
    {SYS_getrusage, "getrusage"},
    {SYS_sysinfo, "sysinfo"},
    {SYS_clone, "clone"},
    {SYS_clone3, "clone3"},
    {SYS_rt_sigprocmask, "rt_sigprocmask"},
    {SYS_rseq, "rseq"},
    {SYS_set_robust_list, "set_robust_list"},
    {SYS_sched_getaffinity, "sched_getaffinity"},
};

constexpr const char* kBpfCommands[] = {"map_create",      "lookup_elem",
                                        "update_elem",     "delete_elem",
                                        "get_next_key",    "prog_load",
                                        "obj_pin",         "obj_get",
                                        "prog_attach",     "prog_detach",
                                        "test_run",        "prog_get_next_id",
                                        "map_get_next_id", "prog_fd_by_id",
                                        "map_fd_by_id",    "info_by_fd",
                                        "prog_query",      "raw_tracepoint_open",
                                        "btf_load",        "btf_fd_by_id",
                                        "task_fd_query",   "lookup_and_delete",
                                        "map_freeze",      "btf_next_id",
                                        "lookup_batch",    "lookup_and_delete_batch",
                                        "update_batch",    "delete_batch",
                                        "link_create",     "link_update",
                                        "link_fd_by_id",   "link_next_id",
                                        "enable_stats",    "iter_create"};

// "" where it cannot be read.
std::string TextAt(pid_t thread, uint64_t address) {
  std::string text;
  constexpr size_t kPage = 4096;
  while (text.size() < kPage) {
    char piece[256];
    // Not beyond the page, behind which there may be nothing.
    const size_t bytes = std::min(sizeof piece, kPage - (address + text.size()) % kPage);
    if (!ReadMemory(thread, address + text.size(), piece, bytes)) return "";
    const size_t length = strnlen(piece, bytes);
    text.append(piece, length);
    if (length < bytes) break;
  }
  return text;
}

std::string FileOf(pid_t pid, int fd) {
  return ReadLink("/proc/" + std::to_string(pid) + "/fd/" + std::to_string(fd)).value_or("nothing open");
}

std::string PathAt(const seccomp_notif& call, pid_t pid) {
  const std::string path = TextAt(static_cast<pid_t>(call.pid), call.data.args[1]);
  const int folder = static_cast<int>(call.data.args[0]);
  if (path.empty()) return FileOf(pid, folder);
  return path.front() == '/' || folder == AT_FDCWD ? path : FileOf(pid, folder) + "/" + path;
}

// The kernel's name of a map or a program that the process has open.
std::string NameOfObject(pid_t pid, uint32_t fd) {
  const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  const UniqueFd object(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), fd, 0)));
  union {
    bpf_map_info map;
    bpf_prog_info program;
  } info = {};
  bpf_attr ask = {};
  ask.info.bpf_fd = static_cast<uint32_t>(object.get());
  ask.info.info_len = sizeof info;
  ask.info.info = reinterpret_cast<uint64_t>(&info);
  if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &ask, sizeof ask) != 0) return "";
  return FileOf(pid, static_cast<int>(fd)).ends_with("bpf-prog") ? info.program.name : info.map.name;
}

std::string BpfTarget(const seccomp_notif& call, pid_t pid) {
  const auto command = static_cast<uint32_t>(call.data.args[0]);
  std::string text = command < std::size(kBpfCommands) ? kBpfCommands[command] : std::to_string(command);
  bpf_attr attributes = {};
  const size_t bytes = std::min<uint64_t>(static_cast<uint32_t>(call.data.args[2]), sizeof attributes);
  if (!ReadMemory(static_cast<pid_t>(call.pid), call.data.args[1], &attributes, bytes)) return text;
  const bool in_batch = command == BPF_MAP_LOOKUP_BATCH || command == BPF_MAP_LOOKUP_AND_DELETE_BATCH ||
                        command == BPF_MAP_UPDATE_BATCH || command == BPF_MAP_DELETE_BATCH;
  const std::string name = NameOfObject(pid, in_batch ? attributes.batch.map_fd : attributes.map_fd);
  return name.empty() ? text : text + " " + name;
}

std::string ThreadOf(const seccomp_notif& call, const std::vector<pid_t>& threads) {
  const auto found = std::find(threads.begin(), threads.end(), static_cast<pid_t>(call.pid));
  return found == threads.end() ? "a new thread" : "thread " + std::to_string(found - threads.begin());
}

}  // namespace

std::string WithoutNumbers(const std::string& path) {
  if (path.find("/class/") != std::string::npos) return path;
  static const std::regex ids("[0-9a-f]{32,}"), numbers("[0-9]+");
  return std::regex_replace(std::regex_replace(path, ids, "ID"), numbers, "N");
}

CallSite SiteOf(const seccomp_notif& call, pid_t pid, const std::vector<pid_t>& threads) {
  const auto* const known =
      std::find_if(std::begin(kCalls), std::end(kCalls), [&](const Call& one) { return one.number == call.data.nr; });
  if (known == std::end(kCalls)) return {"call-" + std::to_string(call.data.nr) + " of " + ThreadOf(call, threads)};
  const std::string name = known->name;
  switch (known->target) {
    case Target::kPath:
      return {name + " " + WithoutNumbers(TextAt(static_cast<pid_t>(call.pid), call.data.args[0])), known->transfer};
    case Target::kPathAt:
      return {name + " " + WithoutNumbers(PathAt(call, pid)), known->transfer};
    case Target::kFd:
      return {name + " " + WithoutNumbers(FileOf(pid, static_cast<int>(call.data.args[0]))), known->transfer};
    case Target::kBpf:
      return {name + " " + BpfTarget(call, pid), known->transfer};
    case Target::kNone:
      break;
  }
  return {name + " of " + ThreadOf(call, threads), known->transfer};
}

}  // namespace brahe::disturbances
