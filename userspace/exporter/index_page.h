#pragma once

#include <string>

#include "userspace/exporter/families.h"
#include "userspace/monitor/snapshot.h"

namespace brahe {

// The page at /: what runs here, where its figures come from, and links. `snapshot` may be null.
std::string IndexPage(const RenderOptions& options, const Snapshot* snapshot);

}  // namespace brahe
