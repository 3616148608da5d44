#pragma once

#include <string>
#include <utility>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/check/verdict.h"

namespace brahe::check {

// All that a check tells.
struct Report {
  // What it was made on, as (name, value): versions, the machine. In this order.
  std::vector<std::pair<std::string, std::string>> facts;
  Nanoseconds time;  // that was watched
  std::vector<Verdict> verdicts;
  std::vector<std::string> log;  // warnings and errors meanwhile, one line each
};

// The worst of them; kGood of none.
Outcome Worst(const std::vector<Verdict>& verdicts);

// For a person, at most some 100 columns where the findings are no longer; no line holds a control character.
std::string AsText(const Report& report);
// {"brahe": ..., "seconds": ..., "verdicts": [{"subject": ..., "outcome": "good", "limited" or "faulty", "finding":
// ..., "remedy": ...}], "log": [...], "outcome": ...}; facts stand beside these by their names.
std::string AsJson(const Report& report);

}  // namespace brahe::check
