#include "userspace/monitor/zone_series.h"

#include <algorithm>

namespace brahe::monitor {
namespace {

using Series = SeriesPlan::Series;

std::vector<Series>::iterator FindByName(std::vector<Series>& series, const std::string& name) {
  return std::find_if(series.begin(), series.end(), [&](const Series& s) { return s.name == name; });
}

}  // namespace

SeriesPlan PlanSeries(const std::vector<energy::Zone>& zones) {
  SeriesPlan plan;
  for (const energy::Zone& zone : zones) {
    auto it = FindByName(plan.series, zone.name);
    if (it == plan.series.end()) {
      it = plan.series.insert(it, {zone.name, zone.path});
    } else {
      it->path = "aggregated-" + zone.name;
    }
    plan.series_of_zone.push_back(static_cast<uint32_t>(it - plan.series.begin()));
  }
  return plan;
}

}  // namespace brahe::monitor
