#pragma once

#include <string_view>

#include "userspace/monitor/snapshot.h"
#include "userspace/otlp/request_builder.h"

namespace brahe::otlp {

// The instants that points have, in nanoseconds since 1970.
struct PointTimes {
  uint64_t start = 0;  // when the exporter's books were opened
  uint64_t now = 0;    // of the snapshot
};

// Adds energy and power of the host, of each of its zones, and of the active and idle part of it. `host` is its name.
void AddNode(const monitor::Snapshot& snapshot, std::string_view host, const PointTimes& times,
             RequestBuilder& builder);

}  // namespace brahe::otlp
