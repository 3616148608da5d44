#include "userspace/cpu/procfs_view.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "userspace/base/file.h"
#include "userspace/base/process_stat.h"

namespace brahe::cpu {
namespace {

constexpr const char* kNamespaceRemedy =
    "share the host's PID namespace, or mount the host's procfs and name it by --host.procfs";

}  // namespace

bool IsKthreadd(std::string_view stat) {
  ProcessStat process;
  return ParseProcessStat(stat, process) && process.comm == "kthreadd" && process.parent == 0 &&
         process.is_kernel_thread();
}

Status CheckShowsAllProcesses(const std::string& procfs_root) {
  const UniqueFd root(open(procfs_root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return SystemError("open " + procfs_root + " (name the host's procfs by --host.procfs)");
  struct statfs file_system;
  if (fstatfs(root.get(), &file_system) != 0) return SystemError("statfs " + procfs_root);
  if (file_system.f_type != PROC_SUPER_MAGIC) {
    return MakeError(procfs_root + " is not a procfs (name the host's by --host.procfs)");
  }
  const std::string path = procfs_root + "/2/stat";
  const UniqueFd fd(openat(root.get(), "2/stat", O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return SystemError("open " + path + " (" + kNamespaceRemedy +
                       "; where it is mounted with hidepid, grant CAP_SYS_PTRACE)");
  }
  const auto stat = ReadFromStart(fd.get(), path);
  if (!stat) return stat.error();
  struct stat root_info, info;
  if (fstat(root.get(), &root_info) != 0 || fstat(fd.get(), &info) != 0) return SystemError("stat " + path);
  // Another procfs' folder may be mounted over this one's.
  if (info.st_dev != root_info.st_dev || !IsKthreadd(*stat)) {
    return MakeError("process 2 in " + procfs_root + " is not the kernel's kthreadd (" + kNamespaceRemedy + ")");
  }
  return {};
}

}  // namespace brahe::cpu
