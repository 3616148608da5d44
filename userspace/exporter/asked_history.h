#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::exporter {

// See history::HistoryJson.
struct AskedHistory {
  std::string level;  // empty: none
  uint64_t since_ms = 0;
};

// What a query asks for, by level=pod (one that has a history, or none) and since=UNIX_MS. Other arguments mean
// nothing. An Error quotes what cannot be answered.
Result<AskedHistory> AskedHistoryOf(const std::vector<std::pair<std::string, std::string>>& arguments);

}  // namespace brahe::exporter
