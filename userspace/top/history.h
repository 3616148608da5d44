#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "userspace/top/frame.h"

namespace brahe::top {

// The power of the last minutes, by zone, of the node and of all who used any. Not thread-safe.
class History {
 public:
  static constexpr size_t kCells = 40;        // that are kept
  static constexpr size_t kFramesOfCell = 5;  // whose mean one cell is

  // The next frame.
  void Add(const Frame& frame);

  // The means of power in µW, oldest first, the last one of the frames so far in it: `cells` at most, of which those
  // before the first frame are left out. Empty: it used nothing in them.
  [[nodiscard]] std::vector<double> Of(const std::string& level, const Row& row, size_t zone, size_t cells) const;
  [[nodiscard]] std::vector<double> OfNode(size_t zone, size_t cells) const;

  void Clear() { *this = {}; }

 private:
  struct Track {
    uint64_t newest = 0;        // the number of the last cell that anything was added to
    std::vector<float> powers;  // cell modulo kCells * zones + zone: sums
  };
  using Tracks = std::unordered_map<std::string, Track>;

  void AddPower(uint64_t power, size_t zone, Track& track) const;
  [[nodiscard]] std::vector<double> MeansOf(const Track& track, size_t zone, size_t cells) const;

  size_t zones_ = 0;
  uint64_t frames_ = 0;
  Track node_;
  std::unordered_map<std::string, Tracks> levels_;
};

}  // namespace brahe::top
