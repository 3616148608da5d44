#pragma once

#include <bpf/bpf.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/result.h"

namespace brahe {

// Reads a whole hash map of the kernel into two vectors, item by item, whose memory is used again. Entries made
// meanwhile may be left out. An Error leaves the vectors empty.
template <typename Key, typename Value>
Status ReadWholeMap(int fd, const char* name, std::vector<Key>& keys, std::vector<Value>& values) {
  uint32_t position = 0;
  size_t filled = 0;
  size_t room = 4096;
  while (true) {
    if (keys.size() < filled + room) {
      keys.resize(filled + room);
      values.resize(filled + room);
    }
    auto count = static_cast<uint32_t>(room);
    const int status = bpf_map_lookup_batch(fd, filled == 0 ? nullptr : &position, &position, &keys[filled],
                                            &values[filled], &count, nullptr);
    const int error = status == 0 ? 0 : errno;
    if (error == ENOSPC) {  // one hash bucket alone holds more than `room`
      room *= 2;
      continue;
    }
    filled += error == 0 || error == ENOENT ? count : 0;
    if (error == 0) continue;
    keys.resize(error == ENOENT ? filled : 0);
    values.resize(keys.size());
    return error == ENOENT ? Status() : Status(SystemError("read BPF map " + std::string(name), error));
  }
}

}  // namespace brahe
