#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/result.h"

namespace brahe {

// The CPUs of a kernel CPU list such as "0-3,8,10-11"; an Error that quotes the text if it is malformed.
Result<std::vector<uint32_t>> ParseCpuList(const std::string& text);

// The CPUs in a file that holds such a list, as sysfs has them.
Result<std::vector<uint32_t>> ReadCpuList(const std::string& path);

}  // namespace brahe
