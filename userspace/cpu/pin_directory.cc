#include "userspace/cpu/pin_directory.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace brahe::cpu {
namespace fs = std::filesystem;

namespace {

// How to get the BPF file system to `folder`, or if it is there already, so that it may be written to.
std::string Remedy(const std::string& folder, Surroundings surroundings, bool is_there) {
  switch (surroundings) {
    case Surroundings::kPod:
      return "mount the node's: a volume with hostPath /sys/fs/bpf at mountPath " + folder + ", not readOnly";
    case Surroundings::kContainer:
      return "mount the host's into the container: -v /sys/fs/bpf:" + folder;
    case Surroundings::kHost:
      return (is_there ? "mount -o remount,rw " : "mount -t bpf bpf ") + folder;
  }
  return "";
}

Error WithRemedy(Error error, const std::string& folder, Surroundings surroundings) {
  if (error.code == EROFS) error.message += " (" + Remedy(folder, surroundings, /*is_there=*/true) + ")";
  return error;
}

bool IsThere(const char* path) { return access(path, F_OK) == 0; }

}  // namespace

Surroundings FindSurroundings() {
  if (getenv("KUBERNETES_SERVICE_HOST") != nullptr) return Surroundings::kPod;
  // Of docker, of podman, and of whoever keeps to systemd's rules for containers.
  const bool in_container = IsThere("/.dockerenv") || IsThere("/run/.containerenv") || getenv("container") != nullptr;
  return in_container ? Surroundings::kContainer : Surroundings::kHost;
}

Result<PinDirectory> PinDirectory::Create(const std::string& path, Surroundings surroundings) {
  const std::string parent = fs::path(path).parent_path();
  struct statfs file_system;
  const bool is_there = statfs(parent.c_str(), &file_system) == 0;
  if (!is_there && errno != ENOENT) return SystemError("statfs " + parent);
  if (!is_there || file_system.f_type != BPF_FS_MAGIC) {
    return MakeError("no BPF file system at " + parent + " (" + Remedy(parent, surroundings, /*is_there=*/false) + ")");
  }
  std::error_code error;
  if (auto own = Open(path)) {
    for (const std::string& name : own->Names()) {
      if (!error) fs::remove_all(path + "/" + name, error);
    }
    if (!error) return own;
    return WithRemedy(SystemError("empty " + path, error.value()), parent, surroundings);
  }
  fs::remove_all(path, error);  // follows no links
  if (error) return WithRemedy(SystemError("remove " + path, error.value()), parent, surroundings);
  // Where everybody may write, as in a BPF file system that is mounted without options, somebody may have been faster:
  // that folder is not taken. Ours nobody else can remove there, as its parent is sticky.
  if (mkdir(path.c_str(), 0700) != 0) return WithRemedy(SystemError("make " + path), parent, surroundings);
  return PinDirectory(path);
}

// What another user has pinned there, or may have, is not to be trusted.
Result<PinDirectory> PinDirectory::Open(const std::string& path) {
  auto found = OpenAnyones(path);
  if (!found) return found;
  found->Keep();
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return SystemError("look at " + path);
  if (info.st_uid != geteuid() || (info.st_mode & 077) != 0) {
    return MakeError(path + " is not a folder of this user alone in a BPF file system");
  }
  found->Keep(false);
  return found;
}

Result<PinDirectory> PinDirectory::OpenAnyones(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return SystemError("look at " + path);
  struct statfs file_system;
  if (statfs(path.c_str(), &file_system) != 0) return SystemError("statfs " + path);
  if (!S_ISDIR(info.st_mode) || file_system.f_type != BPF_FS_MAGIC) {
    return MakeError(path + " is not a folder in a BPF file system");
  }
  return PinDirectory(path);
}

PinDirectory::~PinDirectory() {
  std::error_code ignored;
  if (!path_.empty() && !is_kept_) fs::remove_all(path_, ignored);
}

std::vector<std::string> PinDirectory::Names() const {
  std::error_code ignored;
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, ignored)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

void PinDirectory::RemovePrograms() const {
  for (const std::string& name : Names()) {
    if (name.starts_with(kLinkPin) || name.starts_with(kProgramPin)) unlink((path_ + "/" + name).c_str());
  }
}

Status PinDirectory::CheckOwners() const {
  for (const std::string& name : Names()) {
    const std::string path = path_ + "/" + name;
    struct stat info;
    if (lstat(path.c_str(), &info) != 0) return SystemError("look at " + path);
    if (info.st_uid != geteuid()) return MakeError(path + " is another user's");
  }
  return {};
}

std::string PinDirectory::PathOf(std::string name) const {
  std::replace(name.begin(), name.end(), '.', '_');
  return path_ + "/" + name;
}

}  // namespace brahe::cpu
