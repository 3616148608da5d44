#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/exposition/selection.h"

namespace brahe::exposition {

// What a level wants of the series that there may be.
struct SeriesDemand {
  std::string_view level;
  uint64_t members = 0;
  uint64_t series = 1;  // of one member, at most; not 0
};

// Who is listed so that an exposition has no more than a number of series: what one level leaves goes to the next. It
// remembers which levels did not fit, so that one at the edge does not lose and win members at every scrape: a bound
// falls at once and rises by an eighth at least. Not thread-safe.
class SeriesBudget {
 public:
  // The bounds of the levels that do not fit. `most` 0: no limit. `fixed`: series that are there anyway. `demands`: who
  // is to give way last comes first.
  LevelBounds Divide(uint64_t most, uint64_t fixed, const std::vector<SeriesDemand>& demands);

 private:
  uint64_t BoundOf(const SeriesDemand& demand, uint64_t fitting);

  LevelBounds bounds_;
};

}  // namespace brahe::exposition
