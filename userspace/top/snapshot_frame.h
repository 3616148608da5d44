#pragma once

#include <string>

#include "userspace/monitor/snapshot.h"
#include "userspace/top/frame.h"

namespace brahe::top {

// What is to be seen of a snapshot. Any thread.
Frame FrameOf(const monitor::Snapshot& snapshot, const std::string& node_name);

}  // namespace brahe::top
