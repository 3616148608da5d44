#pragma once

#include <string>
#include <vector>

#include "userspace/monitor/snapshot.h"

namespace brahe::terminal {

// A summary for pipes and files: a line for the node and one for each workload of Summarize, each whole by itself, as
// key=value with one space between. Texts are in quotes, with \" and \\ for those characters, and no
// control characters (TerminalText). Zones are in the keys: package_watts, package_joules. A power that is not known is
// left out. Any thread.
std::string SummaryLines(const monitor::Snapshot& snapshot, const std::vector<std::string>& levels);

// The wall-clock time of a snapshot, UTC: 2023-11-14T22:13:20.123Z.
std::string TimeText(const monitor::Snapshot& snapshot);

}  // namespace brahe::terminal
