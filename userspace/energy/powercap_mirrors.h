#pragma once

#include <vector>

#include "userspace/energy/powercap_zones.h"

namespace brahe::energy {

// Leaves out zones that show the counter of another one of the same name and socket once more, and says so. The kernel
// makes a zone for each die, and AMD's processors have one counter for the whole socket: those whose chiplets count as
// dies (Threadripper; Zen 4 and 5 from Linux 6.9 to 6.11) would be counted as often as they have dies. Intel's dies
// have counters of their own.
//
// Mirrors are known by what they show: the value of one lies between two looks at the other, which no two counters of
// their own ever do. Counters that cannot be read, or stand at 0, tell nothing and stay.
void DropMirroredZones(std::vector<PowercapZone>& zones);

}  // namespace brahe::energy
