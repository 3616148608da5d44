#pragma once

#include <cstdint>
#include <string>

namespace brahe::check {

// How good a thing is.
enum class Outcome : uint8_t {
  kGood,
  kLimited,  // the figures are right, but something is estimated, missing or late
  kFaulty,   // figures are wrong, or nobody can tell
};

// What a check has found of one thing.
struct Verdict {
  std::string subject;  // "books", "zone package-0", ...
  Outcome outcome = Outcome::kGood;
  std::string finding;      // with figures
  std::string remedy = {};  // empty: there is nothing to be done
};

}  // namespace brahe::check
