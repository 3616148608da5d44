#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "userspace/base/result.h"

// What libFuzzer calls with each input; each target, x_fuzz.cc, defines it. Returns 0. One thread.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace brahe {

// The input as text; refers to it.
inline std::string_view TextOf(const uint8_t* data, size_t size) {
  return size == 0 ? std::string_view() : std::string_view(reinterpret_cast<const char*>(data), size);
}

// Says `what` and ends the program, unless it `holds`.
void Require(bool holds, std::string_view what);

// Requires that an error says something, on one line that a terminal can be shown.
void RequireOneLine(std::string_view message);

}  // namespace brahe
