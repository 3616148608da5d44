#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include "userspace/base/result.h"

namespace brahe::cpu {

// Reads a BPF ring buffer. libbpf's reader maps the records twice, so that none is cut in two at the end of the ring,
// and the kernel counts each mapping as resident: this one copies in two parts instead, and takes half the memory. Not
// thread-safe.
class EventRing {
 public:
  // `fd` is borrowed and must outlive this object; `bytes` is the map's size.
  static Result<EventRing> Map(int fd, size_t bytes);
  EventRing() = default;
  EventRing(EventRing&& other) noexcept { *this = std::move(other); }
  EventRing& operator=(EventRing&& other) noexcept;
  ~EventRing();

  // Hands over every record that waits, in order: its first bytes, as many as fit `buffer`, stand there.
  void Consume(std::span<char> buffer, const std::function<void(size_t size)>& take);

 private:
  void Copy(uint64_t position, std::span<char> to) const;

  uint64_t* consumer_ = nullptr;        // a page: how far we have read
  const uint64_t* producer_ = nullptr;  // a page: how far the kernel has written; the records follow
  const char* records_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace brahe::cpu
