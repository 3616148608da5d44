#pragma once

#include <string>

namespace brahe::cpu {

// One CPU as /proc/cpuinfo describes it; every field is text because it only becomes labels. Missing ones are empty.
struct CpuInfo {
  std::string processor, vendor_id, model_name, physical_id, core_id;
};

}  // namespace brahe::cpu
