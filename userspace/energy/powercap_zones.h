#pragma once

#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/energy/energy_meter.h"

namespace brahe::energy {

// A RAPL zone in powercap's tree.
struct PowercapZone {
  Zone zone;                 // zone.path is its folder, SYSFS/class/powercap/CONTROL_TYPE:N[:M]
  std::string control_type;  // "intel-rapl", "intel-rapl-mmio", ...
  // Control type and names from the top, "intel-rapl/package-0/core". Unlike the folder's numbers, which are given out
  // anew when a driver or a socket's CPUs come back, it says which counter this is.
  std::string id;
};

// What a look at the tree found.
struct PowercapScan {
  std::vector<PowercapZone> zones;  // sorted by name, socket (the whole machine first) and path
  std::vector<Error> unnamed;       // folders left out because their name cannot be read
};

// Lists the zones and subzones of every control type that has "rapl" in its name. An Error if the class folder cannot
// be listed; no zone is not an error.
Result<PowercapScan> ScanPowercap(const std::string& sysfs_root);
// The same of a folder laid out as SYSFS/class/powercap.
Result<PowercapScan> ScanPowercapFolder(const std::string& class_folder);

// Where several control types have zones of the same name and socket, they show the same registers: only those of one
// stay, a "-mmio" one only if there is no other.
void DropDuplicateZones(std::vector<PowercapZone>& zones);

// Leaves out the zones `core` of AMD's processors, and says so: powercap shows there the counter of a single core, the
// one that reads it, and not the socket's cores.
void DropZonesOfOneCore(const std::string& sysfs_root, std::vector<PowercapZone>& zones);

}  // namespace brahe::energy
