#include "userspace/workload/cgroup_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <glog/logging.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "userspace/base/result.h"
#include "userspace/workload/cgroup_facts.h"
#include "userspace/workload/cgroup_file.h"
#include "userspace/workload/container_rules.h"

namespace brahe::workload {
namespace {

constexpr int kMaxTries = 3;

// Opens a cgroup by its id. O_PATH: it is wanted for its name only.
Result<UniqueFd> OpenById(int mount_fd, uint64_t cgroup_id) {
  constexpr int kKernfsHandle = 0xfe;  // FILEID_KERNFS of include/linux/exportfs.h: 64 bits of id
  struct {
    file_handle header;
    unsigned char id[sizeof cgroup_id];
  } handle;
  static_assert(sizeof handle == sizeof(file_handle) + sizeof cgroup_id);
  handle.header.handle_bytes = sizeof cgroup_id;
  handle.header.handle_type = kKernfsHandle;
  memcpy(handle.id, &cgroup_id, sizeof cgroup_id);
  const int fd = open_by_handle_at(mount_fd, &handle.header, O_PATH | O_CLOEXEC);
  if (fd < 0) return SystemError("open_by_handle_at");
  return UniqueFd(fd);
}

// What the kernel calls an open file, as this process sees it: hence not under procfs_root, which may be a tree.
Result<std::string> PathOf(int fd) { return ReadLink("/proc/self/fd/" + std::to_string(fd)); }

}  // namespace

struct CgroupDirectory::Entry {
  Cgroup cgroup;
  uint64_t last_used = 0;   // epoch
  uint64_t last_tried = 0;  // epoch
  int tries = 0;

  void SetPath(const std::string& path) {
    cgroup.path = path;
    cgroup.container = ContainerOfPath(path);
    cgroup.facts = FactsOfPath(path);
  }
};

CgroupDirectory::CgroupDirectory(std::string procfs_root, std::string cgroup_root)
    : procfs_root_(std::move(procfs_root)),
      cgroup_root_(std::move(cgroup_root)),
      mount_(open(cgroup_root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (!mount_.valid()) {
    LOG(WARNING) << SystemError("open " + cgroup_root_).message << ": containers are known only as far as /proc tells";
  } else if (const auto path = PathOf(mount_.get())) {
    cgroup_root_ = *path;
  }
  while (cgroup_root_.ends_with('/')) cgroup_root_.pop_back();
  if (mount_.valid()) LearnAll("");
}

CgroupDirectory::~CgroupDirectory() = default;

void CgroupDirectory::Learn(uint64_t cgroup_id, const std::string& path) {
  Entry& entry = EntryOf(cgroup_id);
  if (!entry.cgroup.path.empty()) return;
  entry.SetPath(path);
  const std::string& unit = entry.cgroup.facts.unit;
  if (!unit.empty() && !path.ends_with(".slice")) new_units_.insert(unit);
}

const Cgroup& CgroupDirectory::Find(uint64_t cgroup_id, uint32_t pid) {
  Entry& entry = EntryOf(cgroup_id);
  const bool unknown = entry.cgroup.path.empty() && cgroup_id != 0;
  if (unknown && entry.last_tried != epoch_ && entry.tries < kMaxTries) {
    entry.last_tried = epoch_;
    ++entry.tries;
    Resolve(cgroup_id, pid, entry);
  }
  return entry.cgroup;
}

const Cgroup& CgroupDirectory::Known(uint64_t cgroup_id) { return EntryOf(cgroup_id).cgroup; }

// The folder `path` and those below it. One that cannot be listed may be found by its id later.
void CgroupDirectory::LearnAll(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir((cgroup_root_ + path).c_str()), closedir);
  if (folder == nullptr) return;
  struct stat status;
  if (fstat(dirfd(folder.get()), &status) == 0) Learn(status.st_ino, path.empty() ? "/" : path);
  while (const dirent* entry = readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") LearnAll(path + "/" + entry->d_name);
  }
}

void CgroupDirectory::EndEpoch(uint64_t kept_epochs) {
  std::erase_if(entries_, [&](auto& item) {
    Entry& entry = *item.second;
    if (entry.last_used + kept_epochs > epoch_) return false;
    const bool alive = !entry.cgroup.path.empty() && IsFolderOf(item.first, entry.cgroup.path);
    if (alive) entry.last_used = epoch_;
    return !alive;
  });
  ++epoch_;
}

CgroupDirectory::Entry& CgroupDirectory::EntryOf(uint64_t cgroup_id) {
  std::unique_ptr<Entry>& entry = entries_[cgroup_id];
  if (entry == nullptr) entry = std::make_unique<Entry>();
  entry->last_used = epoch_;
  return *entry;
}

void CgroupDirectory::Resolve(uint64_t cgroup_id, uint32_t pid, Entry& entry) {
  auto path = PathByHandle(cgroup_id);
  if (!path) path = PathByProcess(cgroup_id, pid);
  if (path) entry.SetPath(*path);
}

std::optional<std::string> CgroupDirectory::PathByHandle(uint64_t cgroup_id) {
  if (!mount_.valid()) return std::nullopt;
  const auto cgroup = OpenById(mount_.get(), cgroup_id);
  if (!cgroup) {
    if (cgroup.error().code == ESTALE) return std::nullopt;  // removed
    LOG(WARNING)
        << "Cgroups are looked for by their processes, which finds fewer, because they cannot be by their ids: "
        << cgroup.error().message << " (needs CAP_DAC_READ_SEARCH and Linux 5.5)";
    mount_.Reset();
    return std::nullopt;
  }
  const auto path = PathOf(cgroup->get());
  // A cgroup outside of what the mount shows has a link that does not begin with the mount's, mostly "/".
  if (!path || !path->starts_with(cgroup_root_)) return std::nullopt;
  std::string relative = path->substr(cgroup_root_.size());
  if (relative.empty()) relative = "/";
  // The link of a cgroup that is being removed ends in " (deleted)", and no such folder is there.
  if (relative.front() != '/' || !IsFolderOf(cgroup_id, relative)) return std::nullopt;
  return relative;
}

std::optional<std::string> CgroupDirectory::PathByProcess(uint64_t cgroup_id, uint32_t pid) const {
  if (pid == 0) return std::nullopt;
  const auto text = ReadFile(procfs_root_ + "/" + std::to_string(pid) + "/cgroup");
  if (!text) return std::nullopt;
  for (const std::string& path : CgroupPathsIn(*text)) {
    if (IsFolderOf(cgroup_id, path)) return path;
  }
  return std::nullopt;
}

bool CgroupDirectory::IsFolderOf(uint64_t cgroup_id, const std::string& path) const {
  struct stat folder;
  return stat((cgroup_root_ + path).c_str(), &folder) == 0 && folder.st_ino == cgroup_id;
}

}  // namespace brahe::workload
