#pragma once

#include <string>
#include <vector>

#include "userspace/exposition/families.h"
#include "userspace/exporter/setting_row.h"
#include "userspace/monitor/snapshot.h"

namespace brahe {

// The page at /: what runs here, where its figures come from, its settings, and links. `snapshot` may be null.
std::string IndexPage(const RenderOptions& options, const Snapshot* snapshot, const std::vector<SettingRow>& settings);

}  // namespace brahe
