#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace brahe::instruments {

// What became of the requests that are pushed by OTLP.
struct PushFigures {
  std::map<std::string, uint64_t> exports = {};  // by result
  uint64_t rejected_points = 0;
  uint64_t queued_requests = 0;  // now
  uint64_t queued_bytes = 0;
};

}  // namespace brahe::instruments
