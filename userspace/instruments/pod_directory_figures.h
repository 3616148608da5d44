#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "userspace/base/units.h"

namespace brahe::instruments {

// How well Kubernetes tells of the pods.
struct PodDirectoryFigures {
  uint64_t fetches = 0;
  std::map<std::string, uint64_t> failures = {};  // by cause
  uint64_t left_out = 0;                          // pods told of in a form that cannot be used
  uint64_t pods = 0;                              // known now
  std::optional<Nanoseconds> age = {};            // of the last good news; nullopt: there was none yet
};

}  // namespace brahe::instruments
