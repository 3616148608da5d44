#include "userspace/web/token_bucket.h"

#include <algorithm>

namespace brahe::web {

TokenBucket::TokenBucket(const RateLimit& limit, const Clock& clock)
    : limit_(limit), clock_(clock), tokens_(limit.burst), filled_(clock.Now()) {}

bool TokenBucket::Take() {
  const std::lock_guard lock(mutex_);
  const uint64_t more = (clock_.Now() - filled_).value / limit_.interval.value;
  filled_ += limit_.interval * more;
  tokens_ = std::min(limit_.burst, tokens_ + std::min(more, limit_.burst));
  if (tokens_ == 0) return false;
  --tokens_;
  return true;
}

}  // namespace brahe::web
