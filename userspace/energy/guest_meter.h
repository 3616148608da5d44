#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/meter_options.h"

namespace brahe::energy {

// "guest": what the host of this virtual machine says that it uses, in a powercap tree that the host shares with it:
// that of Brahe (exporter.guests), or of another program that lays it out so and counts in microjoules.
//
// Zones are the whole machine's, because sockets of a guest are none of the host's. It is measured as long as the host
// says so, in a file `measured` beside each counter ("0": no), which other programs' trees do not have, and the
// counters move. Not thread-safe.
class GuestMeter final : public EnergyMeter {
 public:
  // An Error that says what to do where options.guest_path is empty, or has no tree that can be read.
  static Result<std::unique_ptr<EnergyMeter>> Open(const MeterOptions& options, const Clock& clock);

  [[nodiscard]] const std::vector<Zone>& zones() const override { return counters_->zones(); }
  [[nodiscard]] std::vector<ZoneState> States() const override;
  void Sample() override;
  EnergyEpoch Collect(const MeterEpoch& epoch) override { return counters_->Collect(epoch); }
  [[nodiscard]] std::optional<Nanoseconds> MaxSampleInterval() const override { return counters_->MaxSampleInterval(); }
  [[nodiscard]] MeterState State() const override { return counters_->State(); }
  void Resume(const MeterState& state) override { counters_->Resume(state); }

 private:
  explicit GuestMeter(std::unique_ptr<EnergyMeter> counters)
      : counters_(std::move(counters)), host_measures_(zones().size(), true) {}

  void AskHost();

  std::unique_ptr<EnergyMeter> counters_;
  std::vector<bool> host_measures_;  // by zone
};

}  // namespace brahe::energy
