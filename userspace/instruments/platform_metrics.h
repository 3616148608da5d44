#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <string>
#include <vector>

#include "userspace/instruments/platform_figures.h"

namespace brahe::instruments {

// kepler_platform_watts and the brahe_platform_* families. `figures` is called at each Collect. Any thread, if
// `figures` may be called by any.
class PlatformMetrics final : public prometheus::Collectable {
 public:
  PlatformMetrics(std::string node_name, std::function<PlatformFigures()> figures);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::string node_name_;
  const std::function<PlatformFigures()> figures_;
};

}  // namespace brahe::instruments
