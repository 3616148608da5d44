#pragma once

#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe::cpu {

// One clock as the kernel side and we read it: ours before, the kernel's, ours after.
struct ClockReading {
  Nanoseconds before, kernel, after;
};

// An Error that names the offset and the remedy if our clock `name` is not the kernel's: a time namespace shifts it.
Status CompareClocks(const std::string& name, const ClockReading& reading);

// The one of some readings, at least one, that leaves the kernel's least room.
const ClockReading& Narrowest(const std::vector<ClockReading>& readings);

// Compares the two clocks that both sides use: CLOCK_MONOTONIC, by which cuts are agreed, and CLOCK_BOOTTIME, by which
// processes have begun. Where the kernel refuses to be asked, a WARNING says so and the answer is yes. Needs the rights
// to load BPF programs.
Status CheckClocks();

}  // namespace brahe::cpu
