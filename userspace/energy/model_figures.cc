#include "userspace/energy/model_figures.h"

#include <algorithm>

namespace brahe::energy {
namespace {

constexpr ModelFigures kFigures[] = {
#include "userspace/energy/model_figures.inc"
};

}  // namespace

std::span<const ModelFigures> AllModelFigures() { return kFigures; }

const ModelFigures* FindModelFigures(std::string_view key) {
  const auto* const found = std::find_if(std::begin(kFigures), std::end(kFigures),
                                         [&](const ModelFigures& figures) { return figures.key == key; });
  return found == std::end(kFigures) ? nullptr : found;
}

// The last row is a vendor's: its shape is that of all generations of the newest era.
const LoadShape& UsualLoadShape() { return std::prev(std::end(kFigures))->shape; }

}  // namespace brahe::energy
