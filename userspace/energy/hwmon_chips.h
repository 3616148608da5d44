#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::energy {

// One sensor of a chip, such as power1: the files that say something of it, by what they say.
// {"average": "/sys/class/hwmon/hwmon2/power1_average", ...}
using HwmonFiles = std::map<std::string, std::string>;

// A chip in the kernel's class hwmon.
struct HwmonChip {
  std::string name;    // as its driver has it, such as "ina3221"
  std::string device;  // the folder of the device, without links, so that it does not depend on the chip's number
  // Its sensors of type "energy", "power", "in" and "curr", by type and number.
  std::map<std::pair<std::string, unsigned>, HwmonFiles> sensors;
};

// All chips, sorted by device. Sensors are looked for in the chip's folder and, as old drivers have them there, in that
// of its device. A chip without a name is left out. An Error if the class folder cannot be listed.
Result<std::vector<HwmonChip>> ListHwmonChips(const std::string& sysfs_root);

}  // namespace brahe::energy
