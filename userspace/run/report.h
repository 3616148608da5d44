#pragma once

#include <string>

#include "userspace/run/figures.h"

namespace brahe::run {

// Each of these is a whole file, of a report with at least one run of each command. docs/run.md says what is in them.

// For people: a table of the zones of a single run, else one of the statistics.
std::string TextReport(const Report& report);
// The same with tables in Markdown.
std::string MarkdownReport(const Report& report);
// A line for each zone of each run, after a line of heads.
std::string CsvReport(const Report& report);
// One object.
std::string JsonReport(const Report& report);

}  // namespace brahe::run
