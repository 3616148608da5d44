#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "userspace/base/units.h"

namespace brahe::energy {

// How the voltages and currents of an hwmon chip belong together, in Kepler's words.
struct HwmonRule {
  std::string chip = {};                       // its name in its file `name`, in either case
  std::map<unsigned, unsigned> pairings = {};  // of a voltage's number to a current's; empty: those of the same number
  std::set<unsigned> skip_voltages = {};
  std::set<unsigned> skip_currents = {};
};

struct HwmonOptions {
  bool force = false;                   // it is tried before all others, and takes chips that nobody knows
  std::vector<std::string> zones = {};  // only these; empty: all but those that must be asked for (see hwmon_sensors.h)
  std::vector<HwmonRule> rules = {};    // the first of a chip counts; a chip that has one is taken
};

// What the choice of a meter depends on.
struct MeterOptions {
  std::string sysfs_root = "/sys";
  std::string procfs_root = "/proc";
  std::string dev_root = "/dev";
  // Each zone is taken from the first of these that has it. A list in Kepler's words, with hwmon or msr, goes on with
  // this default.
  std::vector<std::string> preferred = {"rapl", "perf", "hwmon", "model"};
  Microwatts model_idle_per_cpu;             // 0: that of the machine's generation (see model_meter.h)
  Microwatts model_max_per_cpu;              // 0: as above
  Microwatts model_dram_per_gib;             // 0: the model has no zone "dram"
  Microwatts plausible_power = Watts(5000);  // a zone's step beyond this is a reset
  std::vector<std::string> zones;            // rapl, perf, msr, guest: only zones of these names; empty: all
  HwmonOptions hwmon;
  std::string guest_path;  // where the host's tree for this machine is (see guest_meter.h); empty: nowhere
};

}  // namespace brahe::energy
