#pragma once

#include <optional>

#include "userspace/attribution/ledger.h"
#include "userspace/base/units.h"
#include "userspace/monitor/workload_list.h"

namespace brahe::monitor {

// What is shown of a balance whose energy of the last epoch was used within `time`; nullopt: its energy is not known.
inline EnergyFigure FigureOf(const attribution::Balance& balance, std::optional<Nanoseconds> time) {
  if (!time) return {balance.total, std::nullopt};
  // Most listed workloads sleep: no division for them.
  if (balance.last.value == 0) return {balance.total, Microwatts{}};
  return {balance.total, MeanPower(balance.last, *time)};
}

}  // namespace brahe::monitor
