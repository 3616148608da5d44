#pragma once

#include "userspace/base/result.h"
#include "userspace/config/config.h"

namespace brahe {

// `brahe run --serve`: counts for those who ask at the local socket, until a signal ends it. As root.
Status ServeCounts(const config::Config& config);

}  // namespace brahe
