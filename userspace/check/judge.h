#pragma once

#include <vector>

#include "userspace/check/observation.h"
#include "userspace/check/verdict.h"

namespace brahe::check {

// Judges an observation, in the order in which energy comes to be in a figure: sensors, CPU time, books, and the rest.
// Values in, values out. Any thread.
std::vector<Verdict> Judge(const Observation& seen);

// Its parts.
std::vector<Verdict> JudgeEnergy(const Observation& seen);
std::vector<Verdict> JudgeCpuTime(const Observation& seen);
std::vector<Verdict> JudgeSurroundings(const Observation& seen);

}  // namespace brahe::check
