#include "userspace/energy/msr_registers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace brahe::energy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Processor Intel(uint32_t model) { return {.vendor = "GenuineIntel", .family = 6, .model = model}; }

std::vector<std::string> Zones(const std::string& vendor) {
  std::vector<std::string> zones;
  const auto registers = RaplRegistersOf({.vendor = vendor});
  for (const EnergyRegister& energy : registers->energies) zones.push_back(energy.zone);
  return zones;
}

// The energy of 2^20 counts.
Microjoules Counted(const Processor& processor, const std::string& zone, uint64_t unit) {
  return *RegisterScale(processor, zone, unit).EnergyOf(1 << 20);
}

TEST(MsrRegisters, AreThoseOfTheVendor) {
  EXPECT_THAT(Zones("GenuineIntel"), ElementsAre("core", "dram", "package", "psys", "uncore"));
  EXPECT_THAT(Zones("AuthenticAMD"), ElementsAre("core", "package"));
  EXPECT_THAT(Zones("HygonGenuine"), ElementsAre("core", "package"));
  EXPECT_THAT(RaplRegistersOf({.vendor = "0x41"}).error().message, HasSubstr("\"0x41\""));
  EXPECT_THAT(RaplRegistersOf({}).error().message, HasSubstr("names no vendor"));
}

TEST(MsrRegisters, ACountIsAPowerOfTwoOfAJoule) {
  constexpr uint64_t kUnit = 0xa0e03;  // as Skylake shows it; 14 is the exponent of energy
  EXPECT_EQ(Counted(Intel(0x5e), "package", kUnit), Joules(64));
  EXPECT_EQ(Counted(Intel(0x5e), "dram", kUnit), Joules(64));
  EXPECT_EQ(Counted({.vendor = "AuthenticAMD", .family = 25, .model = 1}, "package", 0xa1003), Joules(16));
  EXPECT_EQ(RegisterScale(Intel(0x5e), "package", 0xa1f03).EnergyOf(kRegisterCounts - 1), Microjoules{1'999'999});
}

TEST(MsrRegisters, TheDramOfServersHasAUnitOfItsOwn) {
  constexpr uint64_t kUnit = 0xa0e03;
  for (const uint32_t model : {0x3f, 0x4f, 0x56, 0x55, 0x6a, 0x6c, 0x57, 0x85}) {
    EXPECT_EQ(Counted(Intel(model), "dram", kUnit), Joules(16)) << model;
    EXPECT_EQ(Counted(Intel(model), "package", kUnit), Joules(64)) << model;
  }
  EXPECT_EQ(Counted(Intel(0x8f), "dram", kUnit), Joules(64)) << "no more since Sapphire Rapids";
  EXPECT_EQ(Counted({.vendor = "AuthenticAMD", .family = 6, .model = 0x3f}, "dram", kUnit), Joules(64));
}

TEST(MsrRegisters, SapphireRapidsCountsPsysInJoules) {
  for (const uint32_t model : {0x8f, 0xcf}) EXPECT_EQ(Counted(Intel(model), "psys", 0xa0e03), Joules(1 << 20));
  EXPECT_EQ(Counted(Intel(0x5e), "psys", 0xa0e03), Joules(64));
}

TEST(MsrRegisters, SilvermontCountsInMicrojoules) {
  for (const uint32_t model : {0x37, 0x4a, 0x4c, 0x5a}) {
    EXPECT_EQ(Counted(Intel(model), "package", 0x50505), Microjoules{32ULL << 20}) << model;
  }
}

}  // namespace
}  // namespace brahe::energy
