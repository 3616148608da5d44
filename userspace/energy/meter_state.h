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
#include "userspace/energy/pending_energy.h"
#include "userspace/energy/still_watch.h"
#include "userspace/energy/zone.h"

namespace brahe::energy {

// What a meter of the next process must know of a zone to count on. Instants are of this boot.
struct MeterZoneState {
  std::string source;  // the name of its meter in cpu.preferredMeters; with `zone`, what it is found by
  Zone zone;
  std::optional<CounterReading> last = {};  // the last good reading; nullopt: there was none
  PendingEnergy::Values pending = {};       // what no epoch was given yet
  Microwatts observed_power = {};           // see PowerCeiling
  StillWatch::Values watch = {};
  bool moved = false;                    // since the last epoch in which it was known
  uint64_t read_errors = 0;              // as ZoneState's
  uint64_t resets = 0;                   // the same
  std::optional<Microwatts> power = {};  // the last reading of a power, of which the meter makes a counter
  uint64_t remainder = 0;                // less than 1 uJ that is carried on, in the unit of its meter

  bool operator==(const MeterZoneState&) const = default;
};

// Which source all zones of one name are from now, where several could supply them.
struct MeterSupplyState {
  std::string zone;    // the name
  std::string source;  // of the meter

  bool operator==(const MeterSupplyState&) const = default;
};

// What a meter knows and its successor in another process needs. A value.
struct MeterState {
  std::vector<MeterZoneState> zones;
  std::vector<MeterSupplyState> supplies;

  bool operator==(const MeterState&) const = default;
};

// Appends the fields of the state.
void WriteMeterState(const MeterState& state, ProtobufWriter& writer);
// Takes any bytes. An Error that names the field where they are no such state.
Result<MeterState> ReadMeterState(std::string_view message);

// The state of each of `zones` of the meter `source`, in their order; null: there is none. Each zone that `state` has
// of that source and that is none of these is said in the log: it is gone.
std::vector<const MeterZoneState*> FindZones(const std::string& source, const std::vector<Zone>& zones,
                                             const MeterState& state);
// Says that in the log.
void SayGone(const MeterZoneState& zone);

}  // namespace brahe::energy
