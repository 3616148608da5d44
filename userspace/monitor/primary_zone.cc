#include "userspace/monitor/primary_zone.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace brahe::monitor {
namespace {

constexpr std::array<std::string_view, 5> kOrder = {"psys", "package", "core", "dram", "uncore"};

Microjoules EnergyOf(std::string_view name, const std::vector<RankedZone>& zones) {
  const auto zone = std::find_if(zones.begin(), zones.end(), [&](const RankedZone& z) { return z.name == name; });
  return zone == zones.end() ? Microjoules{} : zone->energy;
}

}  // namespace

size_t PrimaryZone(const std::vector<RankedZone>& zones) {
  const Microjoules packages = EnergyOf("package", zones);
  // The lowest is the first.
  const auto rank = [&](const RankedZone& zone) {
    const bool is_wrong = zone.name == "psys" && zone.energy < packages;
    const bool is_idle = zone.energy.value == 0;
    return std::tuple(is_wrong, is_idle, std::find(kOrder.begin(), kOrder.end(), zone.name) - kOrder.begin());
  };
  const auto first = std::min_element(zones.begin(), zones.end(),
                                      [&](const RankedZone& a, const RankedZone& b) { return rank(a) < rank(b); });
  return first == zones.end() ? 0 : static_cast<size_t>(first - zones.begin());
}

}  // namespace brahe::monitor
