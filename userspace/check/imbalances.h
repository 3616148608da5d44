#pragma once

#include <string>
#include <vector>

#include "userspace/monitor/snapshot.h"

namespace brahe::check {

// The sums of a snapshot that are not what they should be, each as a sentence: of each zone all = active + idle, and at
// each level listed + unlisted + pending = active. Exact, in microjoules.
std::vector<std::string> FindImbalances(const monitor::Snapshot& snapshot);

}  // namespace brahe::check
