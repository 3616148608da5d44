#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace brahe::otlp {

// Workloads of one level that would be told with the same attributes: a pid that was used twice, a container that was
// started again. Each must be a series of its own for as long as it is told of, so all but one are marked, to be told
// with their serial as well; who is marked and who is not stays as it is. Not thread-safe.
class TwinMarks {
 public:
  struct Item {
    size_t hash = 0;      // of the attributes
    uint64_t serial = 0;  // no other workload of the level has it
  };

  // For the items of the next export, by their places: whether they are marked. Where nobody has attributes yet, who
  // comes first has them without a mark. What is not among `items` is forgotten.
  std::vector<bool> Mark(const std::vector<Item>& items);

 private:
  std::unordered_map<size_t, uint64_t> plain_;  // hash -> the serial of who is told of without a mark
  std::unordered_set<uint64_t> marked_;         // serials
};

}  // namespace brahe::otlp
