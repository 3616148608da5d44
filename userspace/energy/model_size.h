#pragma once

#include "userspace/base/units.h"
#include "userspace/energy/machine_size.h"
#include "userspace/energy/model_figures.h"

namespace brahe::energy {

// What a machine is taken to draw for each logical CPU.
struct IdleAndMax {
  Microwatts idle;
  Microwatts max;  // not below idle
};

// What `figures` say of a machine of `size`: those of the generation's usual size (`figures.usual`, where it has one),
// times powers of what the size is of that. docs/energy-model.md says where the powers are from.
IdleAndMax WattsOfSize(const ModelFigures& figures, const MachineSize& size);

}  // namespace brahe::energy
