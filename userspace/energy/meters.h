#pragma once

#include <memory>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/meter_options.h"

namespace brahe {

// The first meter of `options.preferred` that works here. Each that does not is said in one INFO line with its reason;
// taking one that does not measure is one WARNING. Error if none works, or if a name is none of "rapl", "perf", "model"
// and "fake", whatever stands before it. `clock` must outlive the meter.
Result<std::unique_ptr<EnergyMeter>> ChooseMeter(const MeterOptions& options, const Clock& clock);

}  // namespace brahe
