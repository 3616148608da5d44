// Whole machines, as their sysfs shows them, through the choice of a meter with the default list: which meter it is,
// its zones with their sockets and folders, and what they used in a second.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/fake_clock.h"
#include "userspace/energy/hwmon_fixture.h"
#include "userspace/energy/meters.h"

namespace brahe::energy {
namespace {

using Strings = std::vector<std::string>;

// What powercap shows of a counter.
struct Rapl {
  std::string folder, name;
  uint64_t begin = 0, end = 0;  // energy_uj, a second apart
  uint64_t range = 0;           // max_energy_range_uj
};

struct Machine {
  std::string name;
  std::string from;  // of where its layout is known
  std::vector<Rapl> rapl;
  std::function<void(const HwmonTree& tree)> add;  // what else there is
  Strings zones;                                   // "METER ZONE@SOCKET UJ FOLDER"
};

constexpr uint64_t kClient = 262'143'328'850;        // 2^32 counts of 61 uJ, as the driver rounds it
constexpr uint64_t kDram = 65'712'999'613;           // of 15.3 uJ
constexpr uint64_t kAmd = 65'532'610'987;            // of 15.26 uJ
constexpr uint64_t kJoules = 4'294'967'295'000'000;  // of 1 J

void IsOfAmd(const HwmonTree& tree) {
  tree.tree().Write("devices/system/cpu/modalias", "cpu:type:x86,ven0002fam0017mod0001:feature:,0000,0001\n");
}

void AddBattery(const HwmonTree& tree) {
  tree.AddChip(3, "power_supply/BAT0", "BAT0", {{"in0_input", "12000"}, {"curr1_input", "1000"}});
  tree.WriteToDevice("power_supply/BAT0", "type", "Battery");
  tree.WriteToDevice("power_supply/BAT0", "status", "Discharging");
}

void AddGrace(const HwmonTree& tree) {
  tree.AddCpu(0, 0);
  tree.AddCpu(72, 1);
  for (int socket = 0; socket < 2; ++socket) {
    const std::string end = " Power Socket " + std::to_string(socket);
    const auto device = [&](int meter) { return "LNXSYSTM:00/ACPI000D:0" + std::to_string(4 * socket + meter); };
    tree.AddAcpiMeter(4 * socket, device(0), "Module" + end, "900000000");
    tree.AddAcpiMeter(4 * socket + 1, device(1), "Grace" + end, "150000000");
    tree.AddAcpiMeter(4 * socket + 2, device(2), "CPU" + end, "100000000");
    tree.AddAcpiMeter(4 * socket + 3, device(3), "SysIO" + end, "20000000");
  }
}

void AddJetson(const HwmonTree& tree) {
  tree.AddChip(1, "platform/bus@0/c240000.i2c/i2c-1/1-0040", "ina3221",
               {{"in1_label", "VDD_IN"},
                {"in1_input", "5080"},
                {"curr1_input", "984"},
                {"in2_label", "VDD_CPU_GPU_CV"},
                {"in2_input", "5072"},
                {"curr2_input", "112"},
                {"in3_label", "VDD_SOC"},
                {"in3_input", "5072"},
                {"curr3_input", "288"},
                {"in7_label", "sum of shunt voltages"},
                {"in7_input", "0"}});
}

std::vector<Machine> Machines() {
  return {
      {"a desktop with psys",
       "rebuilt from the driver (rapl_defaults_core of Skylake and later)",
       {{"intel-rapl:0", "package-0", 5'000'000, 70'000'000, kClient},
        {"intel-rapl:0:0", "core", 1'000'000, 51'000'000, kClient},
        {"intel-rapl:0:1", "uncore", 0, 250'000, kClient},
        {"intel-rapl:1", "psys", 262'143'000'000, 99'671'150, kClient}},
       {},
       {"rapl core@0 50000000 intel-rapl:0:0", "rapl package@0 65000000 intel-rapl:0",
        "rapl psys@- 100000000 intel-rapl:1", "rapl uncore@0 250000 intel-rapl:0:1"}},

      {"a desktop of Haswell without psys",
       "github.com/intel/thermal_daemon/issues/45",
       {{"intel-rapl:0", "package-0", 100, 20'000'100, 262'143'999'938},
        {"intel-rapl:0:0", "core", 0, 9'000'000, 262'143'999'938},
        {"intel-rapl:0:1", "uncore", 0, 1, 262'143'999'938},
        {"intel-rapl:0:2", "dram", 2'469'474'853, 2'471'474'853, 262'143'999'938}},
       {},
       {"rapl core@0 9000000 intel-rapl:0:0", "rapl dram@0 2000000 intel-rapl:0:2",
        "rapl package@0 20000000 intel-rapl:0", "rapl uncore@0 1 intel-rapl:0:1"}},

      {"a laptop with psys, its package over MMIO as well, and a battery",
       "github.com/powercap/powercap/issues/3, github.com/ColinIanKing/powerstat/issues/4",
       {{"intel-rapl:0", "package-0", 10, 15'000'010, kClient},
        {"intel-rapl:0:0", "core", 20, 9'000'020, kClient},
        {"intel-rapl:0:1", "uncore", 30, 1'000'030, kClient},
        {"intel-rapl:0:2", "dram", 40, 2'000'040, kClient},
        {"intel-rapl:1", "psys", 50, 22'000'050, kClient},
        {"intel-rapl-mmio:0", "package-0", 10, 15'000'010, kClient}},
       AddBattery,
       {"rapl core@0 9000000 intel-rapl:0:0", "rapl dram@0 2000000 intel-rapl:0:2",
        "rapl package@0 15000000 intel-rapl:0", "rapl psys@- 22000000 intel-rapl:1",
        "rapl uncore@0 1000000 intel-rapl:0:1"}},

      {"a server of two sockets, which has package and dram only",
       "github.com/hubblo-org/scaphandre/issues/85",
       {{"intel-rapl:0", "package-0", 0, 100'000'000, kClient},
        {"intel-rapl:0:0", "dram", 65'712'000'000, 29'000'387, kDram},
        {"intel-rapl:1", "package-1", 0, 120'000'000, kClient},
        {"intel-rapl:1:0", "dram", 0, 31'000'000, kDram}},
       {},
       {"rapl dram@0 30000000 intel-rapl:0:0", "rapl dram@1 31000000 intel-rapl:1:0",
        "rapl package@0 100000000 intel-rapl:0", "rapl package@1 120000000 intel-rapl:1"}},

      {"a server of Sapphire Rapids, where psys is in joules and stands between the packages",
       "github.com/intel/powertelemetry/issues/3",
       {{"intel-rapl:0", "package-0", 0, 300'000'000, kClient},
        {"intel-rapl:0:0", "dram", 0, 40'000'000, kDram},
        {"intel-rapl:1", "psys", 60'293'987'000'000, 60'294'887'000'000, kJoules},
        {"intel-rapl:2", "package-1", 0, 310'000'000, kClient},
        {"intel-rapl:2:0", "dram", 0, 41'000'000, kDram}},
       {},
       {"rapl dram@0 40000000 intel-rapl:0:0", "rapl dram@1 41000000 intel-rapl:2:0",
        "rapl package@0 300000000 intel-rapl:0", "rapl package@1 310000000 intel-rapl:2",
        "rapl psys@- 900000000 intel-rapl:1"}},

      {"two sockets of two dies each, which have counters of their own (Cascade Lake-AP)",
       "rebuilt from the driver (package-%d-die-%d), github.com/powercap/raplcap/issues/9",
       {{"intel-rapl:0", "package-0-die-0", 0, 100'000'000, kClient},
        {"intel-rapl:0:0", "dram", 0, 10'000'000, kDram},
        {"intel-rapl:1", "package-0-die-1", 100, 110'000'100, kClient},
        {"intel-rapl:1:0", "dram", 0, 11'000'000, kDram},
        {"intel-rapl:2", "package-1-die-0", 0, 120'000'000, kClient},
        {"intel-rapl:2:0", "dram", 0, 12'000'000, kDram},
        {"intel-rapl:3", "package-1-die-1", 100, 130'000'100, kClient},
        {"intel-rapl:3:0", "dram", 0, 13'000'000, kDram}},
       {},
       {"rapl dram@0 10000000 intel-rapl:0:0", "rapl dram@0 11000000 intel-rapl:1:0",
        "rapl dram@1 12000000 intel-rapl:2:0", "rapl dram@1 13000000 intel-rapl:3:0",
        "rapl package@0 100000000 intel-rapl:0", "rapl package@0 110000000 intel-rapl:1",
        "rapl package@1 120000000 intel-rapl:2", "rapl package@1 130000000 intel-rapl:3"}},

      {"a Threadripper, whose two dies show the socket's one counter, and a single core's",
       "github.com/mlco2/codecarbon/issues/1274",
       {{"intel-rapl:0", "package-0-die-0", 5'000'000, 73'000'000, kAmd},
        {"intel-rapl:0:0", "core", 1'000'000, 3'000'000, kAmd},
        {"intel-rapl:1", "package-0-die-1", 5'000'000, 73'000'000, kAmd},
        {"intel-rapl:1:0", "core", 7'000'000, 8'000'000, kAmd}},
       IsOfAmd,
       {"rapl package@0 68000000 intel-rapl:0"}},

      {"two sockets of EPYC",
       "rebuilt from the driver (rapl_msr_priv_amd)",
       {{"intel-rapl:0", "package-0", 65'532'600'000, 99'989'013, kAmd},
        {"intel-rapl:0:0", "core", 1, 2'000'001, kAmd},
        {"intel-rapl:1", "package-1", 9, 150'000'009, kAmd},
        {"intel-rapl:1:0", "core", 1, 2'000'001, kAmd}},
       IsOfAmd,
       {"rapl package@0 100000000 intel-rapl:0", "rapl package@1 150000000 intel-rapl:1"}},

      {"two sockets of NVIDIA Grace",
       "docs.nvidia.com/grace-perf-tuning-guide/power-thermals.html",
       {},
       AddGrace,
       {"hwmon core@0 100000000 ACPI000D:02/power1", "hwmon core@1 100000000 ACPI000D:06/power1",
        "hwmon package@0 150000000 ACPI000D:01/power1", "hwmon package@1 150000000 ACPI000D:05/power1",
        "hwmon uncore@0 20000000 ACPI000D:03/power1", "hwmon uncore@1 20000000 ACPI000D:07/power1"}},

      {"a board with an INA3221 (Jetson Orin), where the CPU has no rail of its own",
       "rebuilt from the driver ina3221 and the labels of NVIDIA's device tree",
       {},
       AddJetson,
       {"hwmon platform@- 4998720 1-0040/power1"}},

      {"a server with an ACPI power meter and no RAPL",
       "rebuilt from the driver acpi_power_meter",
       {},
       [](const HwmonTree& tree) { tree.AddAcpiMeter(0, "LNXSYSTM:00/ACPI000D:00", "", "213000000"); },
       {"hwmon platform@- 213000000 ACPI000D:00/power1"}},

      {"a virtual machine with nothing",
       "",
       {},
       [](const HwmonTree& tree) { tree.tree().MakeFolder("class/powercap"); },
       {"model package@- 0 model"}},
  };
}

class Tree {
 public:
  explicit Tree(const Machine& machine) : machine_(machine) {
    for (const Rapl& rapl : machine.rapl) {
      Write(rapl.folder, "name", rapl.name);
      Write(rapl.folder, "max_energy_range_uj", std::to_string(rapl.range));
      Write(rapl.folder, "energy_uj", std::to_string(rapl.begin));
    }
    if (machine.add) machine.add(tree_);
    options_.sysfs_root = options_.procfs_root = options_.dev_root = tree_.root();
  }

  // What the chosen meter says of a second.
  Strings Second() {
    const auto meter = ChooseMeter(options_, clock_);
    if (!meter) return {meter.error().message};
    (*meter)->Sample();
    (*meter)->Collect({.end = clock_.Now()});
    const Nanoseconds begin = clock_.Now();
    clock_.Advance(Seconds(1));
    for (const Rapl& rapl : machine_.rapl) Write(rapl.folder, "energy_uj", std::to_string(rapl.end));
    (*meter)->Sample();
    return Lines(**meter, (*meter)->Collect({.begin = begin, .end = clock_.Now()}));
  }

 private:
  void Write(const std::string& folder, const std::string& file, const std::string& content) const {
    tree_.tree().Write("class/powercap/" + folder + "/" + file, content + "\n");
  }

  // The folder of a powercap zone; of a sensor, the device as well.
  static std::string Tail(const std::string& path) {
    const size_t last = path.rfind('/');
    if (last == std::string::npos || path.find("/class/powercap/") != std::string::npos) return path.substr(last + 1);
    return path.substr(path.rfind('/', last - 1) + 1);
  }

  static Strings Lines(const EnergyMeter& meter, const EnergyEpoch& epoch) {
    Strings lines;
    for (size_t i = 0; i < meter.zones().size(); ++i) {
      const Zone& zone = meter.zones()[i];
      lines.push_back(meter.States()[i].source + " " + zone.name + "@" +
                      (zone.socket ? std::to_string(*zone.socket) : "-") + " " +
                      (epoch.used[i] ? std::to_string(epoch.used[i]->value) : "unknown") + " " + Tail(zone.path));
    }
    return lines;
  }

  const Machine& machine_;
  HwmonTree tree_;
  FakeClock clock_;
  MeterOptions options_;
};

TEST(Trees, OfEachMachineTheZonesAndTheirEnergyAreWhatItsSensorsCount) {
  for (const Machine& machine : Machines()) {
    EXPECT_EQ(Tree(machine).Second(), machine.zones) << machine.name << " (" << machine.from << ")";
  }
}

}  // namespace
}  // namespace brahe::energy
