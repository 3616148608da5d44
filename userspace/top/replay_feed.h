#pragma once

#include <memory>

#include "userspace/base/clock.h"
#include "userspace/top/feed.h"
#include "userspace/top/recording.h"

namespace brahe::top {

// Shows a recording again, as fast as it was made, or `at_once`. It can be paused and sought in. `clock` must outlive
// it.
std::unique_ptr<Feed> Replay(Recording recording, bool at_once, const Clock& clock);

}  // namespace brahe::top
