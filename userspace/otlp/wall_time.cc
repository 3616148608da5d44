#include "userspace/otlp/wall_time.h"

namespace brahe::otlp {

void WallTime::Adjust(Nanoseconds instant, uint64_t unix_ms) {
  constexpr uint64_t kTolerance = Milliseconds(100).value;
  const uint64_t offset = Milliseconds(unix_ms).value - instant.value;
  const uint64_t off = offset - offset_ + kTolerance;  // from 0 to twice the tolerance where it will do
  if (known_ && off <= 2 * kTolerance) return;
  offset_ = offset;
  known_ = true;
}

}  // namespace brahe::otlp
