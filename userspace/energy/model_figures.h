#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "userspace/base/units.h"
#include "userspace/energy/machine_size.h"

namespace brahe::energy {

// How much of the power between idle and max is drawn at 0, 10, ... 100 % of load, in thousandths. Begins with 0, ends
// with 1000 and never falls.
using LoadShape = std::array<uint16_t, 11>;

// What machines of one generation of CPUs draw, for each hardware thread. docs/energy-model.md says where it is from.
struct ModelFigures {
  std::string_view key;  // "skylake-server"; a literal
  uint32_t systems;      // whose power these figures are made from; 0: made from the CPUs' TDP
  Microwatts idle;
  Microwatts max;
  LoadShape shape;
  // By which part of itself an estimate that was made without any result with their CPU differed from the power of
  // published machines, in millionths: what 95 % stay under.
  uint32_t error_ppm;
  uint32_t shape_error_ppm;               // what 95 % stay under where a machine's own idle and max are known
  std::optional<MachineSize> usual = {};  // the median system's; nullopt: its size tells nothing of a machine's watts
  uint32_t sized_error_ppm = 0;           // as error_ppm, by the machine's size as well; 0 where there is no usual one
};

// All generations, and after them what stands in for an unknown one of a vendor.
std::span<const ModelFigures> AllModelFigures();

// Those of `key`; null where there are none.
const ModelFigures* FindModelFigures(std::string_view key);

// The shape for a machine of which nothing is known.
const LoadShape& UsualLoadShape();

}  // namespace brahe::energy
