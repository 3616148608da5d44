#include "userspace/cpu/overflow_reader.h"

#include "userspace/cpu/batch_read.h"

namespace brahe {

Status OverflowReader::Read(uint32_t bank) {
  if (auto read = ReadWholeMap(fd_, "cg_overflow", keys_, values_); !read) return read;
  for (size_t i = 0; i < keys_.size(); ++i) {
    Reading& reading = readings_[{keys_[i].cgroup_id, keys_[i].socket}];
    reading.pending_ns += values_[i].ns[bank] - std::exchange(reading.ns[bank], values_[i].ns[bank]);
  }
  return {};
}

void OverflowReader::TakePending(const std::function<void(const overflow_key&, Nanoseconds)>& take) {
  for (auto& [place, reading] : readings_) {
    const uint64_t ns = std::exchange(reading.pending_ns, 0);
    if (ns != 0) take(overflow_key{.cgroup_id = place.first, .socket = place.second, .pad = 0}, Nanoseconds{ns});
  }
}

}  // namespace brahe
