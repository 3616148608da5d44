#include "userspace/energy/hwmon_sensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "userspace/energy/hwmon_fixture.h"

namespace brahe::energy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Strings = std::vector<std::string>;

// "package@36 DEVICE/power1: power power1_average" without the tree's root.
std::string Line(const HwmonSensor& sensor, const std::string& root) {
  const auto base = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
  std::string line = sensor.zone.name;
  if (sensor.zone.socket) line += "@" + std::to_string(*sensor.zone.socket);
  line += " " + sensor.zone.path.substr((root + "/devices/").size()) + ": ";
  if (sensor.source == HwmonSource::kEnergy) line += "energy ";
  if (sensor.source == HwmonSource::kPower) line += "power ";
  if (sensor.source == HwmonSource::kPair) line += "pair " + base(sensor.current_file) + " ";
  line += base(sensor.file);
  if (!sensor.battery_status.empty()) line += " battery";
  return line;
}

Strings Lines(const HwmonTree& tree, const HwmonOptions& options = {}) {
  const auto sensors = FindHwmonSensors(tree.root(), options);
  if (!sensors) return {sensors.error().message};
  Strings lines;
  for (const HwmonSensor& sensor : *sensors) lines.push_back(Line(sensor, tree.root()));
  return lines;
}

void AddGrace(const HwmonTree& tree) {
  tree.AddCpu(0, 0);
  tree.AddCpu(72, 36);
  for (int socket = 0; socket < 2; ++socket) {
    const std::string end = " Power Socket " + std::to_string(socket);
    const auto device = [&](int meter) { return "LNXSYSTM:00/ACPI000D:0" + std::to_string(4 * socket + meter); };
    tree.AddAcpiMeter(4 * socket, device(0), "Module" + end, "900000000");
    tree.AddAcpiMeter(4 * socket + 1, device(1), "Grace" + end, "150000000");
    tree.AddAcpiMeter(4 * socket + 2, device(2), "CPU" + end, "100000000");
    tree.AddAcpiMeter(4 * socket + 3, device(3), "SysIO" + end, "20000000");
  }
}

const std::map<std::string, std::string> kIna3221 = {
    {"in1_label", "VDD_IN"},     {"in1_input", "19000"}, {"curr1_input", "500"},   {"in2_label", "CPU"},
    {"in2_input", "5000"},       {"curr2_input", "300"}, {"in3_label", "VDD_SOC"}, {"in3_input", "5000"},
    {"curr3_input", "100"},      {"in4_input", "50"},    {"in5_input", "30"},      {"in6_input", "10"},
    {"in7_label", "sum of all"}, {"in7_input", "90"},    {"curr4_input", "900"},
};

void AddDesktop(const HwmonTree& tree) {
  tree.AddChip(0, "pci0000:00/0000:00:18.3", "k10temp", {{"temp1_input", "40000"}});
  tree.AddChip(1, "pci0000:00/0000:01:00.0", "nvme", {{"temp1_input", "40000"}, {"power1_input", "5000000"}});
  tree.AddChip(2, "pci0000:00/0000:03:00.0", "amdgpu", {{"power1_average", "30000000"}, {"power1_label", "PPT"}});
  tree.AddChip(3, "pci0000:00/0000:04:00.0", "newgpu", {{"energy1_input", "30000000"}});
  tree.WriteToDevice("pci0000:00/0000:04:00.0", "class", "0x030000");
  tree.AddChip(4, "platform/nct6775.656", "nct6775", {{"fan1_input", "900"}, {"in0_input", "1000"}});
}

struct Board {
  std::string name;
  std::function<void(const HwmonTree& tree)> make;
  Strings sensors;
};

std::vector<Board> Boards() {
  return {
      {"two NVIDIA Grace, whose second socket has an id of its own",
       AddGrace,
       {"core@0 LNXSYSTM:00/ACPI000D:02/power1: power power1_average",
        "core@36 LNXSYSTM:00/ACPI000D:06/power1: power power1_average",
        "package@0 LNXSYSTM:00/ACPI000D:01/power1: power power1_average",
        "package@36 LNXSYSTM:00/ACPI000D:05/power1: power power1_average",
        "uncore@0 LNXSYSTM:00/ACPI000D:03/power1: power power1_average",
        "uncore@36 LNXSYSTM:00/ACPI000D:07/power1: power power1_average"}},
      {"a server with one ACPI meter",
       [](const HwmonTree& tree) { tree.AddAcpiMeter(0, "LNXSYSTM:00/ACPI000D:00", "", "200000000"); },
       {"platform LNXSYSTM:00/ACPI000D:00/power1: power power1_average"}},
      {"an X-Gene server",
       [](const HwmonTree& tree) {
         tree.AddChip(0, "platform/APMC0D29:00", "apm_xgene",
                      {{"power1_label", "CPU power"},
                       {"power1_input", "9000000"},
                       {"power2_label", "IO power"},
                       {"power2_input", "5000000"},
                       {"temp1_input", "40000"}});
       },
       {"core platform/APMC0D29:00/power1: power power1_input",
        "uncore platform/APMC0D29:00/power2: power power2_input"}},
      {"an EPYC with amd_energy, whose cores are within their socket",
       [](const HwmonTree& tree) {
         tree.AddCpu(0, 0);
         tree.AddChip(0, "platform/amd_energy.0", "amd_energy",
                      {{"energy1_label", "Ecore000"},
                       {"energy1_input", "5"},
                       {"energy2_label", "Esocket0"},
                       {"energy2_input", "100"}});
       },
       {"package@0 platform/amd_energy.0/energy2: energy energy2_input"}},
      {"a Jetson with an INA3221",
       [](const HwmonTree& tree) { tree.AddChip(2, "i2c-1/1-0040", "ina3221", kIna3221); },
       {"core i2c-1/1-0040/power2: pair curr2_input in2_input",
        "platform i2c-1/1-0040/power1: pair curr1_input in1_input"}},
  };
}

TEST(HwmonSensorsTest, OfEachBoardTheSensorsOfTheNodesEnergyAreTaken) {
  for (const Board& board : Boards()) {
    const HwmonTree tree;
    board.make(tree);
    EXPECT_EQ(Lines(tree), board.sensors) << board.name;
  }
}

TEST(HwmonSensorsTest, GpusDisksFansAndTemperaturesAreNeverTheNodes) {
  const HwmonTree tree;
  AddDesktop(tree);
  const Strings none = {"no chip in " + tree.root() +
                        "/class/hwmon is known to measure the machine (there are amdgpu, k10temp, nct6775, newgpu, "
                        "nvme); experimental.hwmon.chipRules takes one that does"};
  EXPECT_EQ(Lines(tree), none);
  EXPECT_EQ(Lines(tree, {.force = true, .rules = {{.chip = "amdgpu"}, {.chip = "nvme"}}}), none);
}

TEST(HwmonSensorsTest, AVirtualMachineHasNothing) {
  const HwmonTree tree;
  EXPECT_THAT(Lines(tree), ElementsAre("list " + tree.root() + "/class/hwmon: No such file or directory"));
  tree.tree().MakeFolder("class/hwmon");
  EXPECT_THAT(Lines(tree), ElementsAre(HasSubstr("is known to measure the machine; experimental")));
}

TEST(HwmonSensorsTest, WhatHasAGpuInItMustBeAskedFor) {
  const HwmonTree tree;
  AddGrace(tree);
  EXPECT_THAT(Lines(tree, {.zones = {"module"}}),
              ElementsAre("module@0 LNXSYSTM:00/ACPI000D:00/power1: power power1_average",
                          "module@36 LNXSYSTM:00/ACPI000D:04/power1: power power1_average"));
}

TEST(HwmonSensorsTest, ABatteryMustBeAskedForAndAChargerOrAMouseIsNone) {
  const HwmonTree tree;
  const auto add = [&](int number, const std::string& name, const std::string& type) {
    tree.AddChip(number, "power_supply/" + name, name, {{"in0_input", "12000"}, {"curr0_input", "1000"}});
    tree.WriteToDevice("power_supply/" + name, "type", type);
  };
  add(0, "AC", "Mains");
  add(1, "hidpp_battery_0", "Battery");
  tree.WriteToDevice("power_supply/hidpp_battery_0", "scope", "Device");
  add(2, "BAT0", "Battery");
  EXPECT_THAT(Lines(tree), ElementsAre("what is here must be asked for: experimental.hwmon.zones may name platform"));
  EXPECT_THAT(Lines(tree, {.zones = {"platform"}}),
              ElementsAre("platform power_supply/BAT0/power0: pair curr0_input in0_input battery"));
}

TEST(HwmonSensorsTest, SeveralAcpiMetersThatDoNotSayWhatTheyMeasureMustBeAskedFor) {
  const HwmonTree tree;
  tree.AddAcpiMeter(0, "ACPI000D:00", "Supply A", "1");
  tree.AddAcpiMeter(1, "ACPI000D:01", "Supply B", "1");
  EXPECT_THAT(Lines(tree), ElementsAre(HasSubstr("experimental.hwmon.zones may name supply_a, supply_b")));
  const Strings both = {"supply_a ACPI000D:00/power1: power power1_average",
                        "supply_b ACPI000D:01/power1: power power1_average"};
  EXPECT_EQ(Lines(tree, {.zones = {"power1"}}), both);
  EXPECT_EQ(Lines(tree, {.force = true}), both);
  tree.WriteToDevice("ACPI000D:01", "power1_is_battery", "1");
  EXPECT_THAT(Lines(tree), ElementsAre("platform ACPI000D:00/power1: power power1_average"));
}

TEST(HwmonSensorsTest, AnUnknownChipIsTakenByARuleOrByForceAndCalledAsItsSensorIs) {
  const HwmonTree tree;
  tree.AddChip(0, "i2c-1/1-0041", "ina226", {{"power1_input", "1"}, {"in1_input", "1"}, {"curr1_input", "1"}});
  tree.AddChip(1, "i2c-1/1-0042", "scmi_sensors", {{"energy1_label", "SYS: Big"}, {"energy1_input", "1"}});
  EXPECT_THAT(Lines(tree), ElementsAre(HasSubstr("(there are ina226, scmi_sensors)")));
  EXPECT_THAT(Lines(tree, {.rules = {{.chip = "INA226"}}}),
              ElementsAre("ina226_power1 i2c-1/1-0041/power1: power power1_input"));
  EXPECT_THAT(Lines(tree, {.force = true}), ElementsAre("ina226_power1 i2c-1/1-0041/power1: power power1_input",
                                                        "sys__big i2c-1/1-0042/energy1: energy energy1_input"));
}

TEST(HwmonSensorsTest, ZonesAreNamedByZoneLabelOrSensorInEitherCase) {
  const HwmonTree tree;
  tree.AddChip(0, "i2c-1/1-0040", "ina3221", kIna3221);
  const Strings input = {"platform i2c-1/1-0040/power1: pair curr1_input in1_input"};
  for (const std::string& name : Strings{"Platform", "vdd_in", "VDD_IN", "power1", "ina3221_power1"}) {
    EXPECT_EQ(Lines(tree, {.zones = {name}}), input) << name;
  }
  EXPECT_THAT(Lines(tree, {.zones = {"dram", "gpu"}}),
              ElementsAre("no hwmon zone is called dram, gpu; experimental.hwmon.zones may name core, platform"));
}

TEST(HwmonSensorsTest, ARuleSaysWhichCurrentBelongsToAVoltage) {
  const HwmonTree tree;
  tree.AddChip(
      0, "i2c-1/1-0050", "ltc2992",
      {{"in0_input", "1"}, {"in1_input", "1"}, {"in2_input", "1"}, {"curr1_input", "1"}, {"curr2_input", "1"}});
  const HwmonRule pairs{.chip = "ltc2992", .pairings = {{0, 1}, {2, 2}, {9, 9}}};
  EXPECT_THAT(Lines(tree, {.rules = {pairs}}),
              ElementsAre("ltc2992_power0 i2c-1/1-0050/power0: pair curr1_input in0_input",
                          "ltc2992_power2 i2c-1/1-0050/power2: pair curr2_input in2_input"));
  HwmonRule fewer = pairs;
  fewer.skip_voltages = {0};
  EXPECT_THAT(Lines(tree, {.rules = {fewer}}), ElementsAre(HasSubstr("/power2: pair curr2_input")));
  fewer = {.chip = "ltc2992", .skip_currents = {2}};
  EXPECT_THAT(Lines(tree, {.rules = {fewer}}), ElementsAre(HasSubstr("/power1: pair curr1_input in1_input")));
}

TEST(HwmonSensorsTest, EnergyIsBetterThanPowerAndAnAverageThanAMoment) {
  const HwmonTree tree;
  const HwmonOptions options{.rules = {{.chip = "x"}}};
  tree.AddChip(0, "x", "x", {{"in1_input", "1"}, {"curr1_input", "1"}, {"in1_average", "1"}});
  EXPECT_THAT(Lines(tree, options), ElementsAre(HasSubstr("pair curr1_input in1_input")));
  tree.Set(0, "curr1_average", "1");
  EXPECT_THAT(Lines(tree, options), ElementsAre(HasSubstr("pair curr1_average in1_average")));
  tree.Set(0, "power1_input", "1");
  EXPECT_THAT(Lines(tree, options), ElementsAre(HasSubstr("power power1_input")));
  tree.Set(0, "power1_average", "1");
  EXPECT_THAT(Lines(tree, options), ElementsAre(HasSubstr("power power1_average")));
  tree.Set(0, "energy1_input", "1");
  EXPECT_THAT(Lines(tree, options), ElementsAre(HasSubstr("energy energy1_input")));
  tree.Set(0, "energy1_enable", "0");
  EXPECT_THAT(Lines(tree, options), ElementsAre(HasSubstr("power power1_average")));
}

}  // namespace
}  // namespace brahe::energy
