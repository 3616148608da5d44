#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/units.h"

namespace brahe::top {

// Energy since the start of who counts, and mean power over the last epoch; nullopt: not known in it.
struct Figure {
  Microjoules energy;
  std::optional<Microwatts> power;

  bool operator==(const Figure&) const = default;
};

struct FrameZone {
  std::string name;
  Figure all, active, idle;

  bool operator==(const FrameZone&) const = default;
};

// A workload, a group, or a zone of a socket. Texts are as others chose them: PlainText before they are shown.
struct Row {
  std::string name;
  std::string id;      // pid, or the whole id; empty: the name is all there is
  std::string detail;  // the executable, the runtime, ...; empty: nothing
  bool ended = false;
  Nanoseconds cpu_time;
  std::string key = {};     // tells it from others of its level, for those that have something in them
  std::string parent = {};  // NodeKey of what it is in; empty: in nothing that is known
  std::string level = {};   // in a tree: the one that it is from
  size_t depth = 0;         // in a tree: how many it is within

  bool operator==(const Row&) const = default;
};

// How a row names what it is in. Empty where `key` is.
inline std::string NodeKey(const std::string& level, const std::string& key) {
  return key.empty() ? "" : level + '\0' + key;
}

struct Level {
  std::string name;  // process, container, ..., socket
  std::vector<Row> rows;
  size_t series = 0;            // figures of each row: one by zone, or a single one
  std::vector<Figure> figures;  // row * series + zone

  [[nodiscard]] const Figure& FigureOf(size_t row, size_t zone) const {
    return figures[row * series + (zone < series ? zone : series - 1)];
  }
  bool operator==(const Level&) const = default;
};

// The level whose rows are those of others, each below what it is in.
inline constexpr char kTreeLevel[] = "tree";
// The level whose rows are zones of sockets: they have a single figure and no CPU time.
inline constexpr char kSocketLevel[] = "socket";

// What there is to be seen of one epoch. The same from a snapshot as from its JSON document.
struct Frame {
  uint64_t epoch = 0;
  uint64_t unix_ms = 0;  // the epoch's end, as wall-clock time
  Nanoseconds duration;
  std::string node_name;
  std::string cpu_time_source;
  std::string energy_source;
  bool energy_measured = false;
  uint64_t usage_ppm = 0;
  std::vector<FrameZone> zones;
  size_t primary_zone = 0;    // an index where there are zones
  std::vector<Level> levels;  // without those that have no rows; in the order of the keys 1 to 9

  // Null: it has no rows.
  [[nodiscard]] const Level* Find(const std::string& level) const {
    for (const Level& each : levels) {
      if (each.name == level) return &each;
    }
    return nullptr;
  }
  bool operator==(const Frame&) const = default;
};

}  // namespace brahe::top
