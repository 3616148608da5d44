#pragma once

#include <string_view>

#include "userspace/base/result.h"
#include "userspace/top/frame.h"

namespace brahe::top {

// What is to be seen of a snapshot's JSON document (docs/snapshot.md), as FrameOf has it of the snapshot. It may come
// from anybody: an Error says what is wrong with it. Any thread.
Result<Frame> ReadFrame(std::string_view document);

}  // namespace brahe::top
