#pragma once

#include <string>
#include <vector>

#include "userspace/exporter/setting_row.h"
#include "userspace/exposition/families.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exporter {

// The page at /: what runs here, where its figures come from, its settings, and links. `snapshot` may be null.
std::string IndexPage(const exposition::RenderOptions& options, const monitor::Snapshot* snapshot,
                      const std::vector<SettingRow>& settings);

}  // namespace brahe::exporter
