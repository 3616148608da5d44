#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "userspace/history/power_history.h"

namespace brahe::history {

// One JSON document (docs/snapshot.md): the points behind the last one that ended at `since_ms` (wall-clock time, which
// may be set back), or where none did, those that ended after it; with the largest of `level`, an empty one names
// nobody.
std::string HistoryJson(const PowerHistory& history, std::string_view level, uint64_t since_ms);

}  // namespace brahe::history
