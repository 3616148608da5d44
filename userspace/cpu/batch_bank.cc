#include "userspace/cpu/batch_bank.h"

#include <cstring>
#include <utility>

#include "userspace/cpu/batch_read.h"

namespace brahe {

Status BatchBank::Read(uint32_t bank, const std::function<void(const task_reading&)>& take) {
  if (auto read = ReadWholeMap(fd_, "procs", keys_, values_); !read) return read;
  Readings now;
  now.reserve(keys_.size());
  for (size_t i = 0; i < keys_.size(); ++i) {
    const auto before = read_ns_.find(keys_[i]);
    std::array<uint64_t, 2> read = before != read_ns_.end() ? before->second : std::array<uint64_t, 2>{};
    const uint64_t ns = values_[i].ns[bank];
    const uint64_t gained = ns - std::exchange(read[bank], ns);
    if (!now.emplace(keys_[i], read).second || gained == 0) continue;
    task_reading reading = {.key = keys_[i], .gained_ns = gained, .comm = {}};
    memcpy(reading.comm, values_[i].comm, sizeof reading.comm);
    take(reading);
  }
  read_ns_ = std::move(now);  // without those that were deleted
  return {};
}

}  // namespace brahe
