#pragma once

#include <memory>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/meter_options.h"

namespace brahe::energy {

// The first meter of `options.preferred` that works here; before it "hwmon", if options.hwmon.force is set. "hwmon" and
// "msr" are Kepler's words, of which "msr" is not here yet: a list with one of them is from Kepler, which knows no
// model, so it goes on with the default order, which ends in the model. Any other list is taken at its word. Each meter
// that does not work is said in one INFO line with its reason; taking one that does not measure is one WARNING. Error
// if none works, or if a name is none of these two, "rapl", "perf", "model" and "fake", whatever stands before it.
// `clock` must outlive the meter.
Result<std::unique_ptr<EnergyMeter>> ChooseMeter(const MeterOptions& options, const Clock& clock);

}  // namespace brahe::energy
