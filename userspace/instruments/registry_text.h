#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "userspace/exposition/exposition.h"

namespace brahe::instruments {

// An exposition of counters, gauges and histograms as prometheus-cpp's registry collects them, without its end.
std::string RegistryText(const std::vector<prometheus::MetricFamily>& families, exposition::ExpositionFormat format);

}  // namespace brahe::instruments
