#pragma once

#include <mutex>

#include "userspace/base/clock.h"
#include "userspace/web/web_config.h"

namespace brahe::web {

// Holds callers to a rate. Any thread.
class TokenBucket {
 public:
  // Full at first. `clock` must outlive this.
  explicit TokenBucket(const RateLimit& limit, const Clock& clock = SystemClock());

  // Takes a token; false if there is none.
  bool Take();

 private:
  const RateLimit limit_;
  const Clock& clock_;
  std::mutex mutex_;
  uint64_t tokens_;
  Nanoseconds filled_;  // the instant up to which tokens were given out
};

}  // namespace brahe::web
