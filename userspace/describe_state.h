#pragma once

#include <string>
#include <string_view>

namespace brahe {

// Lines for a person about parts of a checkpoint, each with its line end. Any bytes: what cannot be read is said.
std::string DescribeBooks(std::string_view message);
std::string DescribeMeters(std::string_view message);

}  // namespace brahe
