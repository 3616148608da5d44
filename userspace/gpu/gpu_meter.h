#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/gpu/gpu_meter_state.h"

namespace brahe::gpu {

// A card's names. Its uuid is what it is known by: its index changes when another card goes.
struct CardNames {
  uint32_t index = 0;
  std::string uuid;
  std::string name;
  std::string_view vendor = "nvidia";  // a literal

  bool operator==(const CardNames&) const = default;
};

// A process that used a card, in the host's numbers, and its part of all use in proportion to the others'.
struct CardUse {
  uint32_t pid = 0;
  uint64_t weight = 0;

  bool operator==(const CardUse&) const = default;
};

// Where a card's energy comes from.
enum class CardSource : uint8_t { kNone, kCounter, kPower };

// What a card has used since it was last known.
struct CardReading {
  CardNames names;
  CardSource source = CardSource::kNone;
  std::optional<Microjoules>
      used;                    // nullopt: not known now; the next that is known has it, if its counter was not reset
  Nanoseconds time;            // in which it was used
  bool in_use = false;         // a process has it open, or it worked
  std::vector<CardUse> users;  // those with a weight, by pid
  uint64_t read_errors = 0;    // since the start, as is the next
  uint64_t resets = 0;
};

// The GPUs of the machine. One thread at a time.
class GpuMeter {
 public:
  virtual ~GpuMeter() = default;

  // Has all cards read, now. Returns at once.
  virtual void Ask() = 0;
  // What Ask has found. Waits a little for those that have not answered yet, and leaves out what they used: no card can
  // hold up the caller, nor its neighbours. All cards that were ever found, in the order they were found in.
  virtual std::vector<CardReading> Take() = 0;

  // All that a meter of another process needs to go on from the last Take.
  [[nodiscard]] virtual GpuMeterState State() const { return {}; }
  // Before the first Ask: goes on from what another process' meter knew in this boot. The first reading of a card has
  // what it used since that one's last, if its counter went on. A card that is not found yet is waited for.
  virtual void Resume(const GpuMeterState& /*state*/) {}
};

}  // namespace brahe::gpu
