#pragma once

#include <map>
#include <string>

#include "userspace/base/temp_tree.h"

namespace brahe::energy {

// A sysfs of the test's own with chips of class hwmon, laid out as the kernel does it.
class HwmonTree {
 public:
  [[nodiscard]] const std::string& root() const { return tree_.path(); }
  [[nodiscard]] const TempTree& tree() const { return tree_; }
  // The absolute path of a device's folder.
  [[nodiscard]] std::string Device(const std::string& device) const { return tree_.At("devices/" + device); }

  // Adds hwmonN of a device, whose folder is below /sys/devices, with sensors' files.
  void AddChip(int number, const std::string& device, const std::string& name,
               const std::map<std::string, std::string>& files) const {
    const std::string folder = "devices/" + device + "/hwmon/hwmon" + std::to_string(number);
    tree_.Write(folder + "/name", name + "\n");
    tree_.Link(folder + "/device", "../..");
    tree_.MakeFolder("class/hwmon");
    tree_.Link("class/hwmon/hwmon" + std::to_string(number), "../../" + folder);
    for (const auto& [file, content] : files) tree_.Write(folder + "/" + file, content + "\n");
  }
  void RemoveChip(int number, const std::string& device) const {
    tree_.Remove("class/hwmon/hwmon" + std::to_string(number));
    tree_.Remove("devices/" + device + "/hwmon/hwmon" + std::to_string(number));
  }
  // Writes a file in the device's own folder.
  void WriteToDevice(const std::string& device, const std::string& file, const std::string& content) const {
    tree_.Write("devices/" + device + "/" + file, content + "\n");
  }
  void Set(int number, const std::string& file, const std::string& content) const {
    tree_.Write("class/hwmon/hwmon" + std::to_string(number) + "/" + file, content + "\n");
  }
  // An ACPI power meter, whose files are in its device's folder.
  void AddAcpiMeter(int number, const std::string& device, const std::string& oem_info,
                    const std::string& microwatts) const {
    AddChip(number, device, "power_meter", {});
    WriteToDevice(device, "power1_oem_info", oem_info);
    WriteToDevice(device, "power1_average", microwatts);
    WriteToDevice(device, "power1_is_battery", "0");
  }
  void AddCpu(int cpu, int socket) const {
    tree_.Write("devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/physical_package_id",
                std::to_string(socket) + "\n");
  }

 private:
  TempTree tree_;
};

}  // namespace brahe::energy
