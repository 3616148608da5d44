#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "userspace/config/flags.h"

namespace brahe::config {

// What --help prints: `head`, and `flags` under the headings of their sections, those without a help text left out.
std::string HelpText(std::string_view head, const std::vector<Flag>& flags);

// The head of the exporter's.
inline constexpr std::string_view kExporterHead =
    "Tells how many joules each process, container, VM and pod on this node uses.\n"
    "Usage: brahe [OPTIONS]\n"
    "       brahe run [OPTIONS] [--] COMMAND [ARGUMENT...]   the energy of one command; see brahe run --help\n"
    "       brahe check [OPTIONS]                            whether this machine measures well; see brahe check "
    "--help\n"
    "       brahe state [OPTIONS]                            what is kept over a restart; see brahe state --help\n"
    "       brahe unpin [OPTIONS]                            remove what goes on counting without an exporter\n";

// The sections of `flags`, in the order of the first flag of each.
std::vector<std::string> SectionsOf(const std::vector<Flag>& flags);

}  // namespace brahe::config
