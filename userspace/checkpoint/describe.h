#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "userspace/base/units.h"
#include "userspace/checkpoint/checkpoint.h"

namespace brahe::checkpoint {

// A part of a checkpoint, and how it is told of.
struct Part {
  std::string_view name;
  std::string Checkpoint::*message;
  // Lines for a person, of a message that is not empty; any bytes, and what cannot be read is said. Null: its size.
  std::string (*describe)(std::string_view message) = nullptr;
};

// A checkpoint as it was found.
struct Found {
  std::string path;            // of its file
  uint64_t file_bytes = 0;     // of which most may be room to grow
  uint64_t message_bytes = 0;  // of the checkpoint itself
  Checkpoint checkpoint;
  std::string boot_id = {};  // of this boot; empty: not known
  uint64_t unix_ms = 0;      // when it was found
  Nanoseconds monotonic = {};
};

// Of a checkpoint, for a person, and as one object of JSON; each ends with a line end. What is not for a terminal is
// replaced.
std::string AsText(const Found& found, std::span<const Part> parts);
std::string AsJson(const Found& found, std::span<const Part> parts);

}  // namespace brahe::checkpoint
