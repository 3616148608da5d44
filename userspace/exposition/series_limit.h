#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace brahe::exposition {

// What a limit of an exposition's series means for it.
struct SeriesLimit {
  uint64_t most = std::numeric_limits<uint64_t>::max();
  uint64_t fixed = 0;  // series that are no workload's; not to be held if that is more than `most`
  uint64_t spare = std::numeric_limits<uint64_t>::max();  // how many more there may be
  std::vector<std::string> levels;                        // of which workloads are left out
};

}  // namespace brahe::exposition
