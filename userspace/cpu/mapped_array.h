#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::cpu {

// A BPF array with BPF_F_MMAPABLE in this process' memory. The kernel counts every mapped page as resident, so it is
// mapped piece by piece where it is asked for. Movable; not thread-safe.
template <typename T>
class MappedArray {
 public:
  // Reserves room for `count` elements of the map with the borrowed `fd`, which must outlive this object. `name` is for
  // errors.
  static Result<MappedArray> Reserve(int fd, size_t count, std::string name) {
    MappedArray array;
    array.fd_ = fd;
    array.count_ = count;
    array.name_ = std::move(name);
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    array.bytes_ = (count * sizeof(T) + page - 1) / page * page;
    void* const room = mmap(nullptr, array.bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) return SystemError("reserve memory for BPF map " + array.name_);
    array.memory_ = static_cast<T*>(room);
    array.piece_bytes_ = std::max(page, kPieceBytes);
    return array;
  }
  MappedArray() = default;
  MappedArray(MappedArray&& other) noexcept { *this = std::move(other); }
  MappedArray& operator=(MappedArray&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(count_, other.count_);
    std::swap(bytes_, other.bytes_);
    std::swap(piece_bytes_, other.piece_bytes_);
    std::swap(memory_, other.memory_);
    std::swap(mapped_, other.mapped_);
    std::swap(name_, other.name_);
    return *this;
  }
  ~MappedArray() {
    if (memory_ != nullptr) munmap(memory_, bytes_);
  }

  [[nodiscard]] size_t size() const { return count_; }

  // The element, mapped if it was not. Stays where it is.
  Result<T*> At(size_t index) {
    if (index >= count_) return MakeError("BPF map " + name_ + " has no element " + std::to_string(index));
    const size_t last = ((index + 1) * sizeof(T) - 1) / piece_bytes_;
    for (size_t piece = index * sizeof(T) / piece_bytes_; piece <= last; ++piece) {
      if (piece < mapped_.size() && mapped_[piece]) continue;
      if (auto mapped = Map(piece); !mapped) return mapped.error();
    }
    return memory_ + index;
  }
  // The first element, with all others mapped as well.
  Result<T*> All() {
    for (size_t i = 0; i < count_; i += std::max<size_t>(1, piece_bytes_ / sizeof(T))) {
      if (auto at = At(i); !at) return at;
    }
    if (auto last = At(count_ - 1); !last) return last;
    return memory_;
  }

 private:
  static constexpr size_t kPieceBytes = 64 << 10;

  Status Map(size_t piece) {
    const size_t offset = piece * piece_bytes_;
    void* const at = reinterpret_cast<char*>(memory_) + offset;
    const size_t bytes = std::min(piece_bytes_, bytes_ - offset);
    if (mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd_, static_cast<off_t>(offset)) ==
        MAP_FAILED) {
      return SystemError("map BPF map " + name_);
    }
    if (mapped_.size() <= piece) mapped_.resize(piece + 1);
    mapped_[piece] = true;
    return {};
  }

  int fd_ = -1;
  size_t count_ = 0, bytes_ = 0, piece_bytes_ = 0;
  T* memory_ = nullptr;
  std::vector<bool> mapped_;  // by piece
  std::string name_;
};

}  // namespace brahe::cpu
