#pragma once

#include <string>

namespace brahe::config {

// Files of a package that the tables of options and flags are told in.

// The manual page brahe(8), in the man macros of roff.
std::string ManualPage();

// Completes the names of flags, and the values of those that take certain words or a file. For bash alone: nothing of
// the package bash-completion is called.
std::string BashCompletion();

// A configuration file of comments, in which each setting stands on a line of its own with its default: `#key: value`.
std::string SampleConfiguration();

}  // namespace brahe::config
