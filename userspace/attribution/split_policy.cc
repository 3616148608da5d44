#include "userspace/attribution/split_policy.h"

#include "userspace/attribution/apportion.h"

namespace brahe::attribution {

EnergySplit UsageSplit::Split(const ZoneUse& use) {
  const Microjoules active = ActiveEnergy(use.energy, use.load.busy, use.load.capacity);
  return {.own = active, .shared = {}, .idle = use.energy - active};
}

}  // namespace brahe::attribution
