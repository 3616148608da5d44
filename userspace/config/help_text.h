#pragma once

#include <string>
#include <vector>

#include "userspace/config/flags.h"

namespace brahe::config {

// What --help prints: `flags` under the headings of their sections, those without a help text left out.
std::string HelpText(const std::vector<Flag>& flags);

// The sections of `flags`, in the order of the first flag of each.
std::vector<std::string> SectionsOf(const std::vector<Flag>& flags);

}  // namespace brahe::config
