#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/energy/energy_meter.h"

namespace brahe::energy {

// A meter and its name in cpu.preferredMeters.
struct EnergySource {
  std::string name;
  std::unique_ptr<EnergyMeter> meter;
};

// The zones of several meters as one. All zones of one name come from the first meter that has any; others that have it
// for the same sockets are its reserves. Where no counter of a meter moves any more though CPUs are busy, the first
// reserve that is not in the same state takes over in the next epoch, until they move again; both are said. What is
// used until it is known that they stand is not known by anyone.
//
// A zone keeps its path, whoever supplies it; ZoneState::source tells who does. Its counts are those of all that could
// supply it.
class ComposedMeter final : public EnergyMeter {
 public:
  // Those preferred first. There is one at least.
  explicit ComposedMeter(std::vector<EnergySource> sources);

  [[nodiscard]] const std::vector<Zone>& zones() const override { return zones_; }
  [[nodiscard]] std::vector<ZoneState> States() const override;
  // Of those in use: a reserve is not worth a privilege.
  [[nodiscard]] bool OpensPerfEvents() const override;
  // Reserves are read when they are needed only.
  void Sample() override;
  EnergyEpoch Collect(const MeterEpoch& epoch) override;
  [[nodiscard]] std::optional<Nanoseconds> MaxSampleInterval() const override;
  // Of a source that nobody listens to only its counts are kept.
  [[nodiscard]] MeterState State() const override;
  // Each source goes on from what it had by its name, and zones go on being from the source that they were from, if
  // that still can supply them.
  void Resume(const MeterState& state) override;

 private:
  // A meter as the source of a name's zones.
  struct Provider {
    size_t source = 0;                 // its index
    std::vector<size_t> zones;         // of its meter
    std::vector<size_t> zone_to_ours;  // an item for each: what it is added to
  };
  // All zones of one name.
  struct Supply {
    std::string name;
    std::vector<size_t> zones;  // ours
    std::vector<Provider> providers;
    size_t active = 0;  // the one that is listened to
  };

  void AddSource(size_t source);
  // Adds the source to those of a name that others have, if it has zones for all of theirs.
  void AddReserve(Supply& supply, Provider provider) const;
  [[nodiscard]] bool InUse(size_t source) const;
  // No counter of it moves.
  [[nodiscard]] static bool Stands(const Provider& provider, const std::vector<ZoneState>& states);
  void ChooseProviders(const MeterEpoch& epoch);
  void Switch(Supply& supply, size_t provider, const MeterEpoch& epoch);

  std::vector<EnergySource> sources_;
  std::vector<Zone> zones_;
  std::vector<Supply> supplies_;
};

}  // namespace brahe::energy
