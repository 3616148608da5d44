#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <string>
#include <vector>

#include "userspace/instruments/pod_directory_figures.h"

namespace brahe::instruments {

// The brahe_pod_* families. `figures` is called at each Collect. Any thread, if `figures` may be called by any.
class PodDirectoryMetrics final : public prometheus::Collectable {
 public:
  PodDirectoryMetrics(std::string node_name, std::function<PodDirectoryFigures()> figures);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::string node_name_;
  const std::function<PodDirectoryFigures()> figures_;
};

}  // namespace brahe::instruments
