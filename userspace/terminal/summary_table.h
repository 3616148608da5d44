#pragma once

#include <string>
#include <vector>

#include "userspace/monitor/snapshot.h"
#include "userspace/terminal/table_size.h"

namespace brahe::terminal {

// A summary for people: lines of a table that fits `size`, no control characters in it (TerminalText). Where rows are
// short, the levels share them; where columns are, names are cut and columns go, and never a digit. A power that is not
// known is "-". Any thread.
std::vector<std::string> SummaryTable(const monitor::Snapshot& snapshot, const std::vector<std::string>& levels,
                                      TableSize size);

}  // namespace brahe::terminal
