#include "userspace/energy/guest_meter.h"

#include <glog/logging.h>

#include "userspace/base/file.h"
#include "userspace/energy/powercap_meter.h"

namespace brahe::energy {

Result<std::unique_ptr<EnergyMeter>> GuestMeter::Open(const MeterOptions& options, const Clock& clock) {
  if (options.guest_path.empty()) {
    return MakeError("guest.path is not set: the folder where the host's tree for this machine is mounted");
  }
  auto counters =
      PowercapMeter::OpenAt({.folder = WithoutSlashAtEnd(options.guest_path), .source = "guest"}, options, clock);
  if (!counters) {
    return Error{counters.error().code, "guest.path: " + counters.error().message +
                                            "; mount the tree there that the host shares (docs/guests.md)"};
  }
  std::unique_ptr<GuestMeter> meter(new GuestMeter(*std::move(counters)));
  meter->AskHost();
  const auto source = ReadFile(meter->zones().front().path + "/source");
  if (source) LOG(INFO) << "guest: the host's energy is from its meter \"" << Trim(*source) << "\"";
  return std::unique_ptr<EnergyMeter>(std::move(meter));
}

void GuestMeter::Sample() {
  counters_->Sample();
  AskHost();
}

// Keeps what it knows where a zone cannot be read now, which the zone's counter says.
void GuestMeter::AskHost() {
  constexpr size_t kLimit = 16;
  for (size_t z = 0; z < zones().size(); ++z) {
    const auto measured = ReadFile(zones()[z].path + "/measured", kLimit);
    if (measured) host_measures_[z] = Trim(*measured) != "0";
  }
}

std::vector<ZoneState> GuestMeter::States() const {
  std::vector<ZoneState> states = counters_->States();
  for (size_t z = 0; z < states.size(); ++z) states[z].measured = states[z].measured && host_measures_[z];
  return states;
}

}  // namespace brahe::energy
