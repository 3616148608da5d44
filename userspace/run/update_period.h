#pragma once

#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/units.h"
#include "userspace/energy/energy_meter.h"

namespace brahe::run {

// How long each zone's counter may stand still though energy is used: the longest time that it was seen to, by looking
// at it for some periods, a few hundredths of a second at most. One that did not move gets all of that time. `clock` is
// what the meter goes by. The meter must not have begun an epoch.
std::vector<Nanoseconds> MeasureUpdatePeriods(energy::EnergyMeter& meter, const Clock& clock);

}  // namespace brahe::run
