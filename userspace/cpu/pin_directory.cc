#include "userspace/cpu/pin_directory.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <algorithm>
#include <filesystem>

namespace brahe::cpu {
namespace fs = std::filesystem;

Result<PinDirectory> PinDirectory::Create(const std::string& path) {
  const std::string parent = fs::path(path).parent_path();
  struct statfs file_system;
  if (statfs(parent.c_str(), &file_system) != 0) return SystemError("statfs " + parent);
  if (file_system.f_type != BPF_FS_MAGIC) {
    return MakeError("no BPF file system at " + parent + " (mount -t bpf bpf " + parent + ")");
  }
  std::error_code error;
  fs::remove_all(path, error);  // follows no links
  if (error) return Error{error.value(), "remove " + path + ": " + error.message()};
  // Where everybody may write, as in a BPF file system that is mounted without options, somebody may have been faster:
  // that folder is not taken. Ours nobody else can remove there, as its parent is sticky.
  if (mkdir(path.c_str(), 0700) != 0) return SystemError("make " + path);
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

}  // namespace brahe::cpu
