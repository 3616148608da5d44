#include "userspace/energy/model_generation.h"

#include <gtest/gtest.h>

#include "userspace/base/temp_tree.h"

namespace brahe::energy {
namespace {

// /proc/cpuinfo of x86, with what is of no use here left out.
struct X86 {
  const char* vendor;
  int family;
  int model;
  int stepping;
  const char* name;
};

std::string CpuInfoText(const X86& cpu) {
  const std::string one = std::string("vendor_id\t: ") + cpu.vendor + "\ncpu family\t: " + std::to_string(cpu.family) +
                          "\nmodel\t\t: " + std::to_string(cpu.model) + "\nmodel name\t: " + cpu.name +
                          "\nstepping\t: " + std::to_string(cpu.stepping) + "\nmicrocode\t: 0x1\n\n";
  return "processor\t: 0\n" + one + "processor\t: 1\n" + one;
}

std::string ArmCpuInfoText(const std::string& implementer, const std::string& part) {
  return "processor\t: 0\nBogoMIPS\t: 2100.00\nCPU implementer\t: " + implementer +
         "\nCPU architecture: 8\nCPU variant\t: 0x1\nCPU part\t: " + part + "\nCPU revision\t: 1\n\n";
}

struct Machine {
  const char* what;
  std::string cpu_info;
  const char* system_vendor;  // empty: no DMI
  const char* product;
  const char* key;  // empty: no figures
};

const Machine kMachines[] = {
    {"AWS m5, Skylake", CpuInfoText({"GenuineIntel", 6, 85, 4, "Intel(R) Xeon(R) Platinum 8175M CPU @ 2.50GHz"}),
     "Amazon EC2", "m5.large", "skylake-server"},
    {"AWS m5, Cascade Lake", CpuInfoText({"GenuineIntel", 6, 85, 7, "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz"}),
     "Amazon EC2", "m5.large", "cascadelake-server"},
    {"AWS m6i", CpuInfoText({"GenuineIntel", 6, 106, 6, "Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz"}), "Amazon EC2",
     "m6i.xlarge", "icelake-server"},
    {"AWS c5a", CpuInfoText({"AuthenticAMD", 23, 49, 0, "AMD EPYC 7R32"}), "Amazon EC2", "c5a.24xlarge", "zen2-server"},
    {"AWS m7i-flex", CpuInfoText({"GenuineIntel", 6, 143, 8, "Intel(R) Xeon(R) Platinum 8488C"}), "Amazon EC2",
     "m7i-flex.large", "sapphirerapids-server"},
    {"AWS m7g", ArmCpuInfoText("0x41", "0xd40"), "Amazon EC2", "m7g.medium", "neoverse-v1"},
    {"AWS a1, whose cores are a Raspberry Pi's", ArmCpuInfoText("0x41", "0xd08"), "Amazon EC2", "a1.large",
     "graviton1"},
    {"AWS, a type that is not known", CpuInfoText({"AuthenticAMD", 25, 1, 1, "AMD EPYC 7R13 Processor"}), "Amazon EC2",
     "z99a.large", "zen3-server"},
    {"AWS m6i, whose CPU says it is older", CpuInfoText({"GenuineIntel", 6, 85, 4, "Intel Xeon Processor (Skylake)"}),
     "Amazon EC2", "m6i.large", "icelake-server"},
    {"not AWS, but a product of such a name",
     CpuInfoText({"GenuineIntel", 6, 79, 1, "Intel(R) Xeon(R) CPU E5-2680 v4"}), "Vendor", "m6i.large",
     "broadwell-server"},
    {"GCP n2", CpuInfoText({"GenuineIntel", 6, 85, 7, "Intel(R) Xeon(R) CPU @ 2.80GHz"}), "Google",
     "Google Compute Engine", "cascadelake-server"},
    {"GCP n2d", CpuInfoText({"AuthenticAMD", 25, 1, 0, "AMD EPYC 7B13"}), "Google", "Google Compute Engine",
     "zen3-server"},
    {"GCP t2a", ArmCpuInfoText("0x41", "0xd0c"), "Google", "Google Compute Engine", "neoverse-n1"},
    {"Azure Dsv5", CpuInfoText({"GenuineIntel", 6, 106, 6, "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz"}),
     "Microsoft Corporation", "Virtual Machine", "icelake-server"},
    {"Azure Dasv4", CpuInfoText({"AuthenticAMD", 23, 49, 0, "AMD EPYC 7452 32-Core Processor"}),
     "Microsoft Corporation", "Virtual Machine", "zen2-server"},
    {"a small cloud's EPYC", CpuInfoText({"AuthenticAMD", 23, 49, 0, "AMD EPYC Processor"}), "Hetzner", "vServer",
     "zen2-server"},
    {"a rented server", CpuInfoText({"AuthenticAMD", 25, 17, 1, "AMD EPYC 9454P 48-Core Processor"}), "ASUSTeK",
     "K14PA", "zen4-server"},
    {"a rented desktop", CpuInfoText({"AuthenticAMD", 23, 113, 0, "AMD Ryzen 5 3600 6-Core Processor"}), "", "",
     "zen2-client"},
    {"the same die in a server and a desktop: server", CpuInfoText({"AuthenticAMD", 23, 1, 2, "AMD EPYC 7571"}), "", "",
     "zen1-server"},
    {"desktop", CpuInfoText({"AuthenticAMD", 23, 1, 1, "AMD Ryzen 7 1700 Eight-Core Processor"}), "", "",
     "zen1-client"},
    {"Kaby Lake desktop", CpuInfoText({"GenuineIntel", 6, 158, 9, "Intel(R) Core(TM) i7-7700 CPU @ 3.60GHz"}), "Dell",
     "OptiPlex", "skylake-client"},
    {"Coffee Lake desktop", CpuInfoText({"GenuineIntel", 6, 158, 10, "Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz"}), "",
     "", "coffeelake-client"},
    {"Cooper Lake", CpuInfoText({"GenuineIntel", 6, 85, 11, "Intel(R) Xeon(R) Platinum 8380HL CPU @ 2.90GHz"}), "", "",
     "cooperlake-server"},
    {"QEMU's Haswell", CpuInfoText({"GenuineIntel", 6, 60, 1, "Intel Core Processor (Haswell, no TSX)"}), "QEMU",
     "Standard PC (i440FX + PIIX, 1996)", "haswell-server"},
    {"a Haswell desktop", CpuInfoText({"GenuineIntel", 6, 60, 3, "Intel(R) Core(TM) i5-4570 CPU @ 3.20GHz"}), "", "",
     "haswell-client"},
    {"QEMU's nameless CPU of Intel's", CpuInfoText({"GenuineIntel", 15, 6, 1, "Common KVM processor"}), "QEMU", "PC",
     "intel-any"},
    {"AMD's of next year", CpuInfoText({"AuthenticAMD", 30, 1, 1, "AMD EPYC 9999"}), "", "", "amd-any"},
    {"a Raspberry Pi 4", ArmCpuInfoText("0x41", "0xd08"), "", "", ""},
    {"another maker's part of Arm's number", ArmCpuInfoText("0x48", "0xd40"), "", "", ""},
    {"RISC-V", "processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdc\n", "", "", ""},
    {"nothing readable", "", "", "", ""},
};

TEST(ModelGenerationTest, AMachineIsOfTheGenerationThatItsCpuAndItsInstanceTypeTell) {
  for (const Machine& machine : kMachines) {
    const TempTree tree;
    if (!machine.cpu_info.empty()) tree.Write("proc/cpuinfo", machine.cpu_info);
    if (*machine.system_vendor != '\0') {
      tree.Write("sys/class/dmi/id/sys_vendor", std::string(machine.system_vendor) + "\n");
      tree.Write("sys/class/dmi/id/product_name", std::string(machine.product) + "\n");
    }
    const ModelGeneration found = FindGeneration(ReadProcessor(tree.At("proc"), tree.At("sys")));
    EXPECT_EQ(found.figures == nullptr ? "" : found.figures->key, machine.key) << machine.what;
  }
}

TEST(ModelGenerationTest, SaysByWhatItWasFound) {
  const Processor cpu{
      .vendor = "GenuineIntel", .family = 6, .model = 85, .stepping = 7, .name = "Intel(R) Xeon(R) \x1b CPU"};
  Processor machine = cpu;
  EXPECT_EQ(FindGeneration(machine).found_by,
            "CPU GenuineIntel, family 6, model 85, stepping 7 (Intel(R) Xeon(R) \xEF\xBF\xBD CPU)");
  machine.system_vendor = "Amazon EC2";
  machine.product = "m5.large";
  EXPECT_TRUE(FindGeneration(machine).found_by.starts_with("instance type m5.large and CPU Genuine"));
  machine.product = "m6i.large";
  EXPECT_TRUE(FindGeneration(machine).found_by.starts_with("instance type m6i.large; not by CPU Genuine"));
  EXPECT_TRUE(FindGeneration({.vendor = "AuthenticAMD"}).found_by.starts_with("vendor alone, of CPU Authentic"));
  EXPECT_EQ(FindGeneration({.vendor = "0x41", .part = "0xd08"}).found_by, "CPU 0x41, part 0xd08");
  EXPECT_EQ(FindGeneration({}).found_by, "CPU of no known vendor");
}

TEST(ModelGenerationTest, TheFirstCpuOfAMixedMachineCounts) {
  const TempTree tree;
  tree.Write("cpuinfo", ArmCpuInfoText("0x41", "0xd40") + ArmCpuInfoText("0x41", "0xd0c"));
  EXPECT_EQ(FindGeneration(ReadProcessor(tree.path(), tree.path())).figures->key, "neoverse-v1");
}

}  // namespace
}  // namespace brahe::energy
