#include "userspace/energy/zone_state.h"

#include <algorithm>

namespace brahe::energy {

void AddSources(std::string_view more, std::string& sources) {
  while (!more.empty()) {
    const std::string source(more.substr(0, more.find('+')));
    more.remove_prefix(std::min(source.size() + 1, more.size()));
    if (("+" + sources + "+").find("+" + source + "+") != std::string::npos) continue;
    sources += (sources.empty() ? "" : "+") + source;
  }
}

ZoneState Together(const ZoneState& a, const ZoneState& b) {
  const bool known = a.uncertainty_ppm && b.uncertainty_ppm;
  std::string sources = a.source;
  AddSources(b.source, sources);
  return {.source = sources,
          .measured = a.measured && b.measured,
          .uncertainty_ppm = known ? std::max(a.uncertainty_ppm, b.uncertainty_ppm) : std::nullopt,
          .read_errors = a.read_errors + b.read_errors,
          .resets = a.resets + b.resets,
          .still = a.still || b.still};
}

}  // namespace brahe::energy
