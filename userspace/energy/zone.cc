#include "userspace/energy/zone.h"

namespace brahe::energy {

std::string Describe(const std::string& source, const Zone& zone) {
  const std::string socket = zone.socket ? " of socket " + std::to_string(*zone.socket) : "";
  return source + ": zone " + zone.name + socket + " (" + zone.path + ")";
}

}  // namespace brahe::energy
