#include "userspace/cpu/unpin.h"

#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "userspace/cpu/instance_claim.h"
#include "userspace/cpu/pin_directory.h"

namespace brahe::cpu {

Result<Unpinned> Unpin(const std::string& pin_path, const std::string& claim) {
  Unpinned removed;
  {
    auto pins = PinDirectory::OpenAnyones(pin_path);
    if (!pins && pins.error().code == ENOENT) return removed;
    if (!pins) return pins.error();
    pins->Keep();  // until nobody is known to use it
    const auto own = InstanceClaim::Take(claim);
    if (!own) return own.error();
    if (!own->sees_others()) return MakeError("whether a brahe is running cannot be seen (grant CAP_SYS_ADMIN)");
    for (const std::string& name : pins->Names()) {
      const bool is_link = name.starts_with(kLinkPin);
      if (is_link) ++removed.programs;
      if (!is_link && !name.starts_with(kProgramPin)) ++removed.maps;
    }
    pins->Keep(false);
  }
  if (access(pin_path.c_str(), F_OK) == 0) return MakeError("remove " + pin_path + ": something is there still");
  return removed;
}

}  // namespace brahe::cpu
