#pragma once

#include <memory>
#include <string>
#include <vector>

#include "userspace/exposition/exposition.h"
#include "userspace/exposition/exposition_stream.h"
#include "userspace/exposition/families.h"
#include "userspace/exposition/new_series.h"

namespace brahe::exposition {

// Renders a snapshot in a format. `input` has its labels in the spelling of the format, and `registry`, other families
// in the format and without its end, follows the snapshot's. `levels` as for FamilyCursor, `news` as for
// TextRenderer.
std::unique_ptr<ExpositionStream> MakeRenderer(std::shared_ptr<const RenderInput> input, ExpositionFormat format,
                                               std::string registry, std::vector<std::string> levels = {},
                                               std::shared_ptr<const NewSeries> news = nullptr);

}  // namespace brahe::exposition
