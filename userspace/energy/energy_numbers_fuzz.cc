// What sysfs tells of counters of energy.
#include <algorithm>
#include <limits>

#include "userspace/base/fuzz_input.h"
#include "userspace/energy/energy_scale.h"
#include "userspace/energy/zone_names.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brahe::energy;
  const std::string_view text = brahe::TextOf(data, size);
  if (const auto scale = ParseEnergyScale(text)) {
    brahe::Require(scale->numerator > 0 && scale->denominator > 0, "a count is worth something");
    brahe::Require(scale->EnergyOf(0)->value == 0, "nothing is nothing");
    const auto most = scale->EnergyOf(std::numeric_limits<uint64_t>::max());
    const auto half = scale->EnergyOf(std::numeric_limits<uint64_t>::max() / 2);
    brahe::Require(!most || (half && *half <= *most), "more counts are more energy");
  } else {
    brahe::RequireOneLine(scale.error().message);
  }
  const ParsedZoneName zone = ParseZoneName(text);
  brahe::Require(zone.name.size() <= text.size(), "a name is a part of the text");
  brahe::Require(std::none_of(zone.name.begin(), zone.name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }),
                 "a name is in lower case");
  return 0;
}
