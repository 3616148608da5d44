#pragma once

#include <span>

#include "userspace/exposition/families.h"

namespace brahe::exposition {

// The families of the machine and of the exporter itself, in three parts, between which those of workloads stand:
// Kepler's, ours of zones and sockets, and those of the sources of CPU time and energy. Any thread.
std::span<const Family> KeplerMachineFamilies();
std::span<const Family> MachineFamilies();
std::span<const Family> SourceFamilies();

}  // namespace brahe::exposition
