#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/exposition/exposition.h"

namespace brahe::instruments {

// There are no other types here than counters, gauges and histograms.
exposition::FamilyType TypeOf(prometheus::MetricType type);

// An exposition of counters, gauges and histograms as prometheus-cpp's registry collects them, in a format that is
// text, without its end. `start_ms`: when the counters and histograms were 0, in Unix time, which lines in _created
// tell; nullopt: none tells it.
std::string RegistryText(const std::vector<prometheus::MetricFamily>& families, exposition::ExpositionFormat format,
                         std::optional<uint64_t> start_ms = std::nullopt);

}  // namespace brahe::instruments
