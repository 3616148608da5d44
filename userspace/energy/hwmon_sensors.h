#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/meter_options.h"

namespace brahe::energy {

enum class HwmonSource : uint8_t {
  kEnergy,  // a counter, in microjoules
  kPower,   // in microwatts
  kPair,    // a voltage in millivolts and a current in milliamperes
};

// A sensor that is read.
struct HwmonSensor {
  Zone zone;  // zone.path is the device's folder with the sensor, "/sys/devices/.../ACPI000D:00/power1": as stable as
              // the device's address, unlike the number of hwmonN
  HwmonSource source = HwmonSource::kPower;
  std::string file;            // energyN_input, powerN_average, powerN_input, or inN_... of a pair
  std::string current_file;    // of a pair
  std::string battery_status;  // the file that says whether the battery discharges; empty: it is none
};

// The sensors that tell the node's energy. Of each chip those of the best kind that it has: counters of energy, else
// powers (the average before the momentary one), else pairs of a voltage and a current.
//
//   chip                  sensor                              zone      socket     why
//   power_meter (ACPI)    "Grace Power Socket N"              package   the N-th   the next two are parts of it
//                         "CPU Power Socket N"                core      the N-th
//                         "SysIO Power Socket N"              uncore    the N-th
//                         "Module Power Socket N"             module    the N-th   asked for: has the GPU's in it
//                         the only one that says none of it   platform  all
//   apm_xgene             "CPU power"                         core      all        its two rails
//                         "IO power"                          uncore    all
//   amd_energy            "EsocketN"                          package   the N-th   the cores' ("Ecore...") are within
//   ina3221               "VDD_IN", "POM_5V_IN"               platform  all        a Jetson board's input
//                         "CPU", "VDD_CPU", "VDD_SYS_CPU",    core      all
//                         "POM_5V_CPU"
//   a system's battery    power or current                    platform  all        asked for: tells while it discharges
//
// What must be asked for is taken only if options.zones names it. Other chips are taken if options.rules names them or
// options.force is set; their zones are called as the sensor's label is, in small letters with '_' for all but letters
// and digits, or by chip and sensor, as "ina226_power1". GPUs, disks, network cards and chargers never are.
//
// options.zones names zones, or sensors by label, by type and number ("power1") or with the chip's name before that
// ("ina226_power1"). An Error that says what to do where the class cannot be listed, no sensor is left or none has one
// of these names.
Result<std::vector<HwmonSensor>> FindHwmonSensors(const std::string& sysfs_root, const HwmonOptions& options);

}  // namespace brahe::energy
