#pragma once

#include <string_view>

namespace brahe::config {

// The release, for --version and for the build information that is exported.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace brahe::config
