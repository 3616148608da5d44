#include "userspace/energy/powercap_mirrors.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "userspace/base/result.h"
#include "userspace/energy/counter_file.h"

namespace brahe::energy {
namespace {

// True if both show one counter. The second look at `a` allows for energy that is used meanwhile; the further tries for
// a counter that goes around, and for mirrors that are not refreshed at the same instant.
bool ShowOneCounter(const PowercapZone& a, const PowercapZone& b) {
  constexpr int kTries = 8;
  CounterFile file_of_a;
  CounterFile file_of_b;
  if (!file_of_a.Open(a.zone.path + "/energy_uj") || !file_of_b.Open(b.zone.path + "/energy_uj")) return false;
  for (int i = 0; i < kTries; ++i) {
    const auto before = file_of_a.Read();
    if (!before) return false;
    const auto other = file_of_b.Read();
    if (!other) return false;
    const auto after = file_of_a.Read();
    if (!after) return false;
    if (*other != 0 && *before <= *other && *other <= *after) return true;
  }
  return false;
}

bool MayMirror(const PowercapZone& a, const PowercapZone& b) {
  return a.zone.name == b.zone.name && a.zone.socket && a.zone.socket == b.zone.socket;
}

}  // namespace

void DropMirroredZones(std::vector<PowercapZone>& zones) {
  std::vector<PowercapZone> kept;
  for (PowercapZone& zone : zones) {
    const auto original = std::find_if(kept.begin(), kept.end(), [&](const PowercapZone& earlier) {
      return MayMirror(earlier, zone) && ShowOneCounter(earlier, zone);
    });
    if (original == kept.end()) {
      kept.push_back(std::move(zone));
    } else {
      LOG(INFO) << "rapl: zone " << zone.zone.path << " is left out: it shows the counter of " << original->zone.path
                << " again";
    }
  }
  zones = std::move(kept);
}

}  // namespace brahe::energy
