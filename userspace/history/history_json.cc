#include "userspace/history/history_json.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace brahe::history {
namespace {

using Json = nlohmann::ordered_json;

Json OrNull(const std::optional<Microwatts>& power) { return power ? Json(power->value) : Json(nullptr); }

// Numbers of a document's own, in the order in which names come in it.
class Names {
 public:
  explicit Names(const PowerHistory& history) : history_(history) {}

  size_t NumberOf(uint32_t name) {
    const auto [known, is_new] = numbers_.try_emplace(name, list_.size());
    if (is_new) list_.push_back(history_.NameOf(name));
    return known->second;
  }
  [[nodiscard]] const Json& list() const { return list_; }

 private:
  const PowerHistory& history_;
  std::map<uint32_t, size_t> numbers_;
  Json list_ = Json::array();
};

Json PointOf(const HistoryPoint& point) {
  Json json = {{"unix_ms", point.unix_ms},
               {"duration_ms", point.duration.value / 1'000'000},
               {"active_uw", Json::array()},
               {"idle_uw", Json::array()}};
  for (const HistoryPoint::Zone& zone : point.zones) {
    json["active_uw"].push_back(OrNull(zone.active));
    json["idle_uw"].push_back(OrNull(zone.idle));
  }
  return json;
}

}  // namespace

std::string HistoryJson(const PowerHistory& history, std::string_view level, uint64_t since_ms) {
  Names names(history);
  Json points = Json::array();
  // Who has a point asks for those behind it, whatever the wall clock does meanwhile.
  const auto known =
      std::ranges::find(history.points().rbegin(), history.points().rend(), since_ms, &HistoryPoint::unix_ms);
  for (auto at = known.base(); at != history.points().end(); ++at) {
    const HistoryPoint& point = *at;
    if (known == history.points().rend() && point.unix_ms <= since_ms) continue;
    Json json = PointOf(point);
    if (!level.empty()) {
      Json& largest = json["largest"] = Json::array();
      for (const HistoryPoint::Share& share : point.shares) {
        if (history.LevelOf(share.name) == level) largest.push_back({names.NumberOf(share.name), share.power_uw});
      }
    }
    points.push_back(std::move(json));
  }
  Json document = {{"zones", history.zones()},
                   {"primary_zone", history.zones().empty() ? Json(nullptr) : Json(history.primary_zone())}};
  if (!level.empty()) document.update({{"level", level}, {"names", names.list()}});
  document["points"] = std::move(points);
  return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace brahe::history
