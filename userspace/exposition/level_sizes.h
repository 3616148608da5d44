#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace brahe::exposition {

// How much there is of a level in an exposition.
struct LevelSize {
  uint64_t series = 0;
  uint64_t bytes = 0;  // with the header lines, before compression
};

// By level; what belongs to none is under kNoLevel.
using LevelSizes = std::map<std::string, LevelSize, std::less<>>;
inline constexpr char kNoLevel[] = "exporter";

}  // namespace brahe::exposition
