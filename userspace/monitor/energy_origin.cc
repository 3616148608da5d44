#include "userspace/monitor/energy_origin.h"

#include "userspace/energy/zone_state.h"

namespace brahe::monitor {

EnergyOrigin EnergyOriginOf(const Snapshot& snapshot) {
  EnergyOrigin origin;
  for (const ZoneSeries& zone : snapshot.zones) energy::AddSources(zone.state.source, origin.source);
  if (!snapshot.zones.empty()) origin.measured = snapshot.zones[snapshot.primary_zone].state.measured;
  return origin;
}

}  // namespace brahe::monitor
