#pragma once

#include <memory>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/meter_options.h"

namespace brahe::energy {

// The meters of `options.preferred` that work here, as one (see ComposedMeter): each zone is from the first that has
// it. Before them "hwmon", if options.hwmon.force is set, and before all "guest", if options.guest_path is. "hwmon" and
// "msr" are Kepler's words, and "msr" is tried only where it is named: a list with one of them is from Kepler, which
// knows no model, so it goes on with the default order, which ends in the model. Any other list is taken at its word.
// The model estimates packages only where no meter before it works, or as the reserve of sensors that have packages;
// "fake" is taken only where none before it works.
//
// Each meter that does not work is said in one INFO line with its reason; once one does, only of those that have
// settings of their own, or are tried only where they are named. Where no zone is measured, that is one WARNING. Error
// if none works, or if a name is none of these three, "rapl", "perf", "model" and "fake", whatever stands before it.
// `clock` must outlive the meter.
Result<std::unique_ptr<EnergyMeter>> ChooseMeter(const MeterOptions& options, const Clock& clock);

}  // namespace brahe::energy
