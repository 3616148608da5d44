#include "userspace/cpu/cgroup_ids.h"

#include <sys/stat.h>

#include <optional>
#include <string_view>

#include "userspace/base/process_key.h"

namespace brahe::cpu {
namespace {

std::optional<uint64_t> InodeOf(const std::optional<std::string>& folder) {
  struct stat status;
  if (!folder || stat(folder->c_str(), &status) != 0) return std::nullopt;
  return status.st_ino;
}

constexpr uint64_t kKeptEpochs = 32;

// The same in every run of the exporter, and no inode: the kernel counts those from 1.
uint64_t IdOfPath(std::string_view path) {
  constexpr uint64_t kTopBit = uint64_t{1} << 63;
  uint64_t hash = 0;
  for (const char c : path) hash = MixBits(hash * 31 + static_cast<unsigned char>(c) + 1);
  return hash | kTopBit;
}

}  // namespace

uint64_t CgroupIds::Find(const std::string& path, std::vector<CgroupPath>& news) {
  Entry& entry = entries_[path];
  if (entry.epoch == epoch_) return entry.id;
  entry.epoch = epoch_;
  const auto inode = InodeOf(FolderOfCgroup(path, hierarchy_));
  const uint64_t id = inode ? *inode : entry.id != 0 ? entry.id : IdOfPath(path);
  if (id != entry.id) news.push_back({id, path});
  entry.id = id;
  return id;
}

void CgroupIds::EndEpoch() {
  std::erase_if(entries_, [this](const auto& item) { return item.second.epoch + kKeptEpochs < epoch_; });
  ++epoch_;
}

}  // namespace brahe::cpu
