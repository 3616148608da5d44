#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/protobuf_writer.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/energy/counter.h"
#include "userspace/energy/power_integral.h"

namespace brahe::gpu {

// What a meter of the next process must know of a card to count on. Instants are of this boot.
struct CardState {
  std::string uuid;                                         // what it is found by
  std::optional<energy::CounterReading> counter = {};       // its last reading, where it has a counter
  std::optional<energy::PowerIntegral::Values> power = {};  // where it had none, once
  Nanoseconds known_until = {};                             // see CardAccount
  uint64_t seen_us = 0;      // up to when samples of its processes are known, by the library's clock
  uint64_t read_errors = 0;  // as CardReading's
  uint64_t resets = 0;       // the same

  bool operator==(const CardState&) const = default;
};

// What a GpuMeter knows and its successor in another process needs. A value.
struct GpuMeterState {
  std::vector<CardState> cards;

  bool operator==(const GpuMeterState&) const = default;
};

// Appends the fields of the state.
void WriteGpuMeterState(const GpuMeterState& state, ProtobufWriter& writer);
// Takes any bytes. An Error that names the field where they are no such state.
Result<GpuMeterState> ReadGpuMeterState(std::string_view message);

}  // namespace brahe::gpu
