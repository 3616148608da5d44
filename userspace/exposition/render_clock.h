#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>

#include "userspace/base/units.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// Tells what instants on CLOCK_MONOTONIC are in Unix time. A value type.
class RenderClock {
 public:
  // As the snapshot has it.
  static RenderClock Of(const monitor::Snapshot& snapshot) {
    return RenderClock(static_cast<int64_t>(snapshot.unix_ms * kMillisecond - snapshot.time.value));
  }

  // This clock where it agrees with `newer` to the second, else `newer`: an instant is told as the same time in each
  // scrape, though a clock that is set right by and by moves a little in each, and it is told anew when the clock
  // jumps.
  [[nodiscard]] RenderClock Renewed(const RenderClock& newer) const {
    return std::abs(newer.offset_ns_ - offset_ns_) < kTolerance ? *this : newer;
  }

  // nullopt before 1970: the machine does not know the time.
  [[nodiscard]] std::optional<uint64_t> UnixMs(Nanoseconds instant) const {
    const int64_t unix_ns = static_cast<int64_t>(instant.value) + offset_ns_;
    return unix_ns > 0 ? std::optional(static_cast<uint64_t>(unix_ns) / kMillisecond) : std::nullopt;
  }

 private:
  static constexpr uint64_t kMillisecond = 1'000'000;
  static constexpr int64_t kTolerance = 1'000'000'000;

  explicit RenderClock(int64_t offset_ns) : offset_ns_(offset_ns) {}

  int64_t offset_ns_;  // Unix time at instant 0
};

}  // namespace brahe::exposition
