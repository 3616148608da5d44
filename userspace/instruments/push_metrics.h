#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <string>
#include <vector>

#include "userspace/instruments/push_figures.h"

namespace brahe::instruments {

// The brahe_otlp_* families. `figures` is called at each Collect. Any thread, if `figures` may be called by any.
class PushMetrics final : public prometheus::Collectable {
 public:
  PushMetrics(std::string node_name, std::function<PushFigures()> figures);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::string node_name_;
  const std::function<PushFigures()> figures_;
};

}  // namespace brahe::instruments
