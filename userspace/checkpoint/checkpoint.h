#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "userspace/base/protobuf_writer.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe::checkpoint {

// Of the fields beside the parts. A part tells by itself what it cannot read.
inline constexpr uint32_t kLayout = 1;

// All that an exporter keeps over its end, as of one epoch. state.proto describes how it is written.
struct Checkpoint {
  std::string boot_id = {};    // of the boot that it was written in
  uint64_t unix_ms = 0;        // when it was written, by the wall clock
  Nanoseconds monotonic = {};  // and by CLOCK_MONOTONIC, which counts from the boot
  std::string version = {};    // of the program that wrote it
  std::string revision = {};
  // Messages of the modules whose state they are; empty: there is none.
  std::string books = {};
  std::string meters = {};
  std::string source = {};
  std::string split = {};
  std::string gpus = {};
  std::string cards = {};
};

// Appends the fields.
void WriteCheckpoint(const Checkpoint& checkpoint, ProtobufWriter& writer);
// Any bytes. Fields that nobody knows are skipped. An Error: it is no checkpoint, or one of a newer layout.
Result<Checkpoint> ReadCheckpoint(std::string_view message);

}  // namespace brahe::checkpoint
