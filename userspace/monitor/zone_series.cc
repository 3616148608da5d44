#include "userspace/monitor/zone_series.h"

#include <algorithm>

namespace brahe {
namespace {

using Series = SeriesPlan::Series;

std::vector<Series>::iterator FindByName(std::vector<Series>& series, const std::string& name) {
  return std::find_if(series.begin(), series.end(), [&](const Series& s) { return s.name == name; });
}

size_t PrimaryOf(std::vector<Series>& series) {
  for (const char* name : {"psys", "package", "core", "dram", "uncore"}) {
    if (const auto it = FindByName(series, name); it != series.end()) return it - series.begin();
  }
  return 0;
}

}  // namespace

SeriesPlan PlanSeries(const std::vector<Zone>& zones) {
  SeriesPlan plan;
  for (const Zone& zone : zones) {
    auto it = FindByName(plan.series, zone.name);
    if (it == plan.series.end()) {
      it = plan.series.insert(it, {zone.name, zone.path});
    } else {
      it->path = "aggregated-" + zone.name;
    }
    plan.series_of_zone.push_back(static_cast<uint32_t>(it - plan.series.begin()));
  }
  plan.primary = PrimaryOf(plan.series);
  return plan;
}

}  // namespace brahe
