#include "userspace/cpu/pin_directory.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace brahe {
namespace fs = std::filesystem;

Result<InstanceLock> InstanceLock::Take(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.valid()) return SystemError("open lock file " + path);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
    // The number is for people; the lock is what counts.
    const std::string pid = std::to_string(getpid()) + "\n";
    if (ftruncate(fd.get(), 0) != 0 || write(fd.get(), pid.data(), pid.size()) < 0) {
      return SystemError("write lock file " + path);
    }
    return InstanceLock(std::move(fd));
  }
  if (errno != EWOULDBLOCK) return SystemError("lock " + path);
  const std::string holder(Trim(ReadFromStart(fd.get(), path).value_or("")));
  return Error{EWOULDBLOCK, "another brahe" + (holder.empty() ? "" : " (pid " + holder + ")") + " counts CPU time on " +
                                "this machine and holds " + path +
                                ": stop it first, or start this one with --cpu.time-source=procfs"};
}

Result<PinDirectory> PinDirectory::Create(const std::string& path) {
  const std::string parent = fs::path(path).parent_path();
  struct statfs file_system;
  if (statfs(parent.c_str(), &file_system) != 0) return SystemError("statfs " + parent);
  if (file_system.f_type != BPF_FS_MAGIC) {
    return MakeError("no BPF file system at " + parent + " (mount -t bpf bpf " + parent + ")");
  }
  std::error_code error;
  fs::remove_all(path, error);
  if (!error) fs::create_directory(path, error);
  if (error) return Error{error.value(), "make " + path + ": " + error.message()};
  return PinDirectory(path);
}

PinDirectory::~PinDirectory() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

std::string PinDirectory::PathOf(std::string name) const {
  std::replace(name.begin(), name.end(), '.', '_');
  return path_ + "/" + name;
}

}  // namespace brahe
