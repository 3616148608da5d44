#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::history {

// What a history holds at most. With these it takes less than 1 MiB, whatever comes.
struct HistoryLimits {
  Nanoseconds length = Seconds(3600);      // points that ended longer ago than this are forgotten
  size_t points = 720;                     // the oldest is forgotten for a new one
  size_t largest = 8;                      // how many of each level are told apart in a point
  size_t zones = 16;                       // of the node's zones: the first, and the primary one
  size_t name_bytes = size_t{256} * 1024;  // of all names; who finds no room for a new one is not told apart
};

// A power or none, where it is not known, in the space of a number.
class PackedPower {
 public:
  PackedPower(std::optional<Microwatts> power) : power_(power.value_or(kUnknown)) {}
  operator std::optional<Microwatts>() const { return power_ == kUnknown ? std::nullopt : std::optional(power_); }

 private:
  static constexpr Microwatts kUnknown{UINT64_MAX};

  Microwatts power_;
};

// Mean powers between two snapshots.
struct HistoryPoint {
  struct Zone {
    PackedPower active, idle;
  };
  struct Share {
    uint32_t name = 0;      // see PowerHistory::NameOf
    uint32_t power_uw = 0;  // of the primary zone; never 0, and at most what fits, 4.29 kW
  };

  Nanoseconds end;       // on CLOCK_MONOTONIC
  uint64_t unix_ms = 0;  // the same instant as wall-clock time
  Nanoseconds duration;  // with the time in which the machine was suspended
  std::vector<Zone> zones = {};
  std::vector<Share> shares = {};  // the largest of each level, level by level, the largest first
};

// How the node's power went, and who had most of it: of each level but processes. A level's shares are together at most
// the primary zone's active power, and what that has beside them is the others'. One thread.
class PowerHistory {
 public:
  explicit PowerHistory(const HistoryLimits& limits = {}) : limits_(limits) {}

  // A point from the snapshot that was added before to this one, which is later. The first snapshot makes none, and one
  // with other zones, or with another primary zone, begins anew.
  void Add(const monitor::Snapshot& snapshot);

  [[nodiscard]] const std::deque<HistoryPoint>& points() const { return points_; }
  [[nodiscard]] const std::vector<std::string>& zones() const { return zones_; }
  [[nodiscard]] const std::string& primary_zone() const { return primary_zone_; }
  // The level and the name of a share. The name is that of the pod with its namespace, of the container, of the virtual
  // machine, or the labels of the group with "/" between them; who has no name is called by its id.
  [[nodiscard]] std::string_view LevelOf(uint32_t name) const { return names_.at(name).level; }
  [[nodiscard]] const std::string& NameOf(uint32_t name) const { return *names_.at(name).text; }

 private:
  using Key = std::pair<std::string_view, std::string>;  // level, which is a literal, and name
  struct Name {
    std::string_view level;
    const std::string* text = nullptr;  // the key's, in numbers_
    uint32_t shares = 0;                // that refer to it
  };
  struct ZoneTotal {
    Microjoules active, idle;
  };
  // Energy that somebody has used in the primary zone.
  using Totals = std::unordered_map<uint64_t, Microjoules>;  // by serial

  template <typename Labels>
  void AddLevel(std::string_view level, const monitor::WorkloadList<Labels>& list, Microwatts active,
                HistoryPoint* point);
  void Restart(const monitor::Snapshot& snapshot);
  void Forget(Nanoseconds now);
  // nullopt: there is no room for it.
  std::optional<uint32_t> NumberOf(std::string_view level, const std::string& name);
  void Release(uint32_t number);

  const HistoryLimits limits_;
  std::vector<std::string> zones_;
  std::vector<size_t> indices_;  // of zones_ in a snapshot
  std::string primary_zone_;
  size_t primary_ = 0;  // its index in a snapshot
  std::deque<HistoryPoint> points_;
  std::map<Key, uint32_t> numbers_;
  std::map<uint32_t, Name> names_;
  uint32_t next_number_ = 0;
  size_t name_bytes_ = 0;
  // Of the last snapshot.
  Nanoseconds last_;       // 0: there was none
  Nanoseconds suspended_;  // then
  std::vector<ZoneTotal> zone_totals_;
  std::map<std::string_view, Totals> totals_;  // by level
};

}  // namespace brahe::history
