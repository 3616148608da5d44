#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/instruments/native_histogram.h"

namespace brahe::instruments {

// The histograms that have native buckets beside their classic ones, by name.
using NativeHistograms = std::map<std::string_view, const NativeHistogram*>;

// What RegistryText tells, as MetricFamily messages, each with its length before it. `start_ms`: when the counters and
// histograms were 0, in Unix time; nullopt: not told.
std::string RegistryProtobuf(const std::vector<prometheus::MetricFamily>& families, const NativeHistograms& natives,
                             std::optional<uint64_t> start_ms);

}  // namespace brahe::instruments
