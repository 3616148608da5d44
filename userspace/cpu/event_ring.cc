#include "userspace/cpu/event_ring.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace brahe::cpu {
namespace {

size_t PageSize() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

Result<EventRing> EventRing::Map(int fd, size_t bytes) {
  const size_t page = PageSize();
  void* const consumer = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (consumer == MAP_FAILED) return SystemError("map BPF ring buffer");
  EventRing ring;
  ring.consumer_ = static_cast<uint64_t*>(consumer);
  void* const producer = mmap(nullptr, page + bytes, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(page));
  if (producer == MAP_FAILED) return SystemError("map BPF ring buffer");
  ring.producer_ = static_cast<const uint64_t*>(producer);
  ring.records_ = static_cast<const char*>(producer) + page;
  ring.bytes_ = bytes;
  return ring;
}

EventRing& EventRing::operator=(EventRing&& other) noexcept {
  std::swap(consumer_, other.consumer_);
  std::swap(producer_, other.producer_);
  std::swap(records_, other.records_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

EventRing::~EventRing() {
  if (consumer_ != nullptr) munmap(consumer_, PageSize());
  if (producer_ != nullptr) munmap(const_cast<uint64_t*>(producer_), PageSize() + bytes_);
}

// A record is a header of 8 bytes (its length, and bits that tell its state) and its data, in steps of 8 bytes.
void EventRing::Consume(std::span<char> buffer, const std::function<void(size_t)>& take) {
  uint64_t position = __atomic_load_n(consumer_, __ATOMIC_RELAXED);
  while (position < __atomic_load_n(producer_, __ATOMIC_ACQUIRE)) {
    const auto* const header = reinterpret_cast<const uint32_t*>(records_ + position % bytes_);
    const uint32_t length = __atomic_load_n(header, __ATOMIC_ACQUIRE);
    if ((length & BPF_RINGBUF_BUSY_BIT) != 0) return;  // is being written
    const size_t size = length & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    if ((length & BPF_RINGBUF_DISCARD_BIT) == 0) {
      const std::span<char> copy = buffer.first(std::min(buffer.size(), size));
      Copy(position + BPF_RINGBUF_HDR_SZ, copy);
      take(copy.size());
    }
    position += (BPF_RINGBUF_HDR_SZ + size + 7) / 8 * 8;
    __atomic_store_n(consumer_, position, __ATOMIC_RELEASE);
  }
}

void EventRing::Copy(uint64_t position, std::span<char> to) const {
  const size_t at = position % bytes_;
  const size_t first = std::min(to.size(), bytes_ - at);
  memcpy(to.data(), records_ + at, first);
  memcpy(to.data() + first, records_, to.size() - first);
}

}  // namespace brahe::cpu
