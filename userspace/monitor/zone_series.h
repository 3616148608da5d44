#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/energy/energy_meter.h"

namespace brahe::monitor {

// How a meter's zones are summed into exported series: one series for each name, over all sockets.
struct SeriesPlan {
  struct Series {
    std::string name;
    std::string path;  // the zone's, or "aggregated-NAME" of several
  };
  std::vector<Series> series;            // in the order in which the names first appear
  std::vector<uint32_t> series_of_zone;  // by zone
};

SeriesPlan PlanSeries(const std::vector<energy::Zone>& zones);

}  // namespace brahe::monitor
