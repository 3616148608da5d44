#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/protobuf_writer.h"
#include "userspace/base/units.h"

namespace brahe::attribution {

// How much of their time the CPUs of a socket or of the whole machine were busy.
struct Load {
  Nanoseconds busy, capacity;  // busy is not more
};

// A zone's energy in an epoch, and what is known of the time in which it was used.
struct ZoneUse {
  size_t zone = 0;  // its index
  Microjoules energy;
  Nanoseconds time;     // in which it was used: the epoch, and before it the gap of a zone that has come back
  bool gap = false;     // there was one, of which the loads tell nothing
  Load load;            // of the zone's CPUs in the epoch
  Load machine;         // of all CPUs
  bool socket = false;  // the zone is of one socket, and not of the whole machine
};

// Whose a zone's energy is. The sum of the three is the zone's energy.
struct EnergySplit {
  Microjoules own;     // active: of those who ran on the zone's CPUs
  Microjoules shared;  // active: of those who ran anywhere on the machine
  Microjoules idle;    // nobody's
};

// Divides the energy of zones into active and idle. A policy may learn from what it is shown, so it is shown each
// zone's known epochs in their order. Not thread-safe.
class SplitPolicy {
 public:
  virtual ~SplitPolicy() = default;

  virtual EnergySplit Split(const ZoneUse& use) = 0;
  // What the zone draws when nothing runs, as far as the policy knows; nullopt: it does not.
  [[nodiscard]] virtual std::optional<Microwatts> IdlePower(size_t zone) const = 0;
  // Appends what it has learnt, for one in another process. `zones`: by zone, what none but it is called.
  virtual void WriteState(const std::vector<std::string>& /*zones*/, ProtobufWriter& /*writer*/) const {}
};

// "usage", Kepler's way: a zone's energy is active to the part to which its CPUs were busy: floor(energy * busy /
// capacity), 0 where there is no capacity. So a machine that is half busy has half of its idle power charged to those
// who run.
class UsageSplit final : public SplitPolicy {
 public:
  EnergySplit Split(const ZoneUse& use) override;
  [[nodiscard]] std::optional<Microwatts> IdlePower(size_t /*zone*/) const override { return std::nullopt; }
};

}  // namespace brahe::attribution
