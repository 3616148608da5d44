#pragma once

#include <prometheus/collectable.h>

#include <string>
#include <vector>

namespace brahe::instruments {

// The usual process_* families about this process itself, read from /proc at each Collect. What cannot be read is left
// out. Any thread.
class ProcessMetrics final : public prometheus::Collectable {
 public:
  // `proc_self` is a folder like /proc/self.
  explicit ProcessMetrics(std::string node_name, std::string proc_self = "/proc/self");

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::string node_name_;
  const std::string proc_self_;
  const double boot_time_;  // Unix time in seconds
};

}  // namespace brahe::instruments
