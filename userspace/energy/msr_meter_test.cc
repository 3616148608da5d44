#include "userspace/energy/msr_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/fake_clock.h"
#include "userspace/base/temp_tree.h"
#include "userspace/energy/log_lines.h"
#include "userspace/energy/msr_fixture.h"
#include "userspace/energy/slow_clock.h"

namespace brahe::energy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Registers, and what a count is worth where the unit register shows kUnit: 2^-14 J.
constexpr uint32_t kUnitRegister = 0x606, kPackage = 0x611, kDram = 0x619, kCore = 0x639, kUncore = 0x641,
                   kPsys = 0x64d;
constexpr uint32_t kAmdUnitRegister = 0xc0010299, kAmdCore = 0xc001029a, kAmdPackage = 0xc001029b;
constexpr uint64_t kUnit = 0xa0e03;
constexpr uint64_t kJoule = 1 << 14;

class MsrMeterTest : public testing::Test {
 protected:
  MsrMeterTest() {
    options_.sysfs_root = tree_.path();
    options_.procfs_root = tree_.At("proc");
    options_.dev_root = "/dev";
  }
  // Two sockets of two CPUs, with package and dram.
  void MakeServer() {
    msr_.SetProcessor("GenuineIntel", 6, 0x8f);
    for (const uint32_t cpu : {0, 1, 2, 3}) {
      msr_.AddCpu(cpu, cpu / 2, 0, cpu);
      msr_.Set(cpu, kUnitRegister, kUnit);
      SetEnergy(cpu, 100, 10);
    }
    msr_.SetOnline("0-3");
  }
  void SetEnergy(uint32_t cpu, uint64_t package, uint64_t dram) {
    msr_.Set(cpu, kPackage, package * kJoule);
    msr_.Set(cpu, kDram, dram * kJoule);
  }
  // One socket of two cores with two threads each, as Zen has them.
  void MakeAmd() {
    msr_.SetProcessor("AuthenticAMD", 25, 1);
    for (const uint32_t cpu : {0, 1, 2, 3}) {
      msr_.AddCpu(cpu, 0, cpu % 2, cpu % 2);
      msr_.Set(cpu, kAmdUnitRegister, kUnit);
      msr_.Set(cpu, kAmdPackage, 100 * kJoule);
      msr_.Set(cpu, kAmdCore, 10 * kJoule);
    }
    msr_.SetOnline("0-3");
  }
  [[nodiscard]] std::string OpenError() const {
    const auto meter = MsrMeter::OpenWith(options_, clock_, msr_.Opener());
    return meter ? "no error" : meter.error().message;
  }
  void Start() {
    auto meter = MsrMeter::OpenWith(options_, clock_, msr_.Opener());
    ASSERT_TRUE(meter) << meter.error().message;
    meter_ = *std::move(meter);
    meter_->Sample();
  }
  std::vector<std::optional<Microjoules>> Epoch(Nanoseconds duration = Seconds(1)) {
    clock_.Advance(duration);
    meter_->Sample();
    return meter_->Collect({.end = clock_.Now()}).used;
  }
  // "NAME SOCKET FILE" a zone, where FILE is below DEV/cpu.
  [[nodiscard]] std::vector<std::string> Zones() const {
    std::vector<std::string> lines;
    for (const Zone& zone : meter_->zones()) {
      lines.push_back(zone.name + " " + (zone.socket ? std::to_string(*zone.socket) : "-") + " " +
                      zone.path.substr(std::string("/dev/cpu/").size()));
    }
    return lines;
  }

  TempTree tree_;
  FakeMsr msr_{tree_};
  FakeClock clock_;
  MeterOptions options_;
  LogLines log_;
  std::unique_ptr<EnergyMeter> meter_;
};

TEST_F(MsrMeterTest, FindsTheRegistersThatCount) {
  MakeServer();
  msr_.Set(0, kPsys, 7);
  msr_.Set(2, kPsys, 7);
  Start();
  EXPECT_THAT(Zones(), ElementsAre("dram 0 0/msr:0x619", "dram 1 2/msr:0x619", "package 0 0/msr:0x611",
                                   "package 1 2/msr:0x611", "psys - 0/msr:0x64d"));
  EXPECT_THAT(log_.lines, IsEmpty());
  EXPECT_EQ(meter_->MaxSampleInterval(), Seconds(5));
}

TEST_F(MsrMeterTest, ADesktopHasCoresAndGraphics) {
  msr_.SetProcessor("GenuineIntel", 6, 0x5e);
  msr_.AddCpu(0, 0, 0, 0);
  msr_.SetOnline("0");
  msr_.Set(0, kUnitRegister, kUnit);
  for (const uint32_t address : {kPackage, kCore, kUncore}) msr_.Set(0, address, kJoule);
  Start();
  EXPECT_THAT(Zones(), ElementsAre("core 0 0/msr:0x639", "package 0 0/msr:0x611", "uncore 0 0/msr:0x641"));
}

TEST_F(MsrMeterTest, EachSocketHasItsOwnEnergyToTheMicrojoule) {
  MakeServer();
  Start();
  SetEnergy(0, 105, 11);
  SetEnergy(2, 100, 12);
  msr_.Set(2, kPackage, 100 * kJoule + 1);  // 61.035 uJ
  EXPECT_THAT(Epoch(), ElementsAre(Joules(1), Joules(2), Joules(5), Microjoules{61}));
  msr_.Set(2, kPackage, 100 * kJoule + 1000);
  EXPECT_EQ(Epoch()[3], Microjoules{61'035 - 61});
}

TEST_F(MsrMeterTest, PsysOfSapphireRapidsIsInJoules) {
  MakeServer();
  msr_.Set(0, kPsys, 100);
  Start();
  msr_.Set(0, kPsys, 103);
  EXPECT_EQ(Epoch()[4], Joules(3));
}

TEST_F(MsrMeterTest, AWrapIsExactAndTheUpperHalfOfTheRegisterIsNotEnergy) {
  MakeServer();
  msr_.Set(0, kPackage, (uint64_t{0xabc} << 32) + 0xffffffff);
  Start();
  msr_.Set(0, kPackage, (uint64_t{0xdef} << 32) + kJoule - 1);
  EXPECT_EQ(Epoch()[2], Joules(1));
  EXPECT_EQ(meter_->States()[2].resets, 0U);
}

TEST_F(MsrMeterTest, DiesOfIntelAreZonesOfTheirOwn) {
  MakeServer();
  for (const uint32_t cpu : {0, 1, 2, 3}) msr_.AddCpu(cpu, 0, cpu / 2, cpu);
  options_.zones = {"package"};
  Start();
  EXPECT_THAT(Zones(), ElementsAre("package 0 0/msr:0x611", "package 0 2/msr:0x611"));
}

TEST_F(MsrMeterTest, TheCoresOfAnAmdSocketAreSummedAndItsDiesShowOneCounter) {
  MakeAmd();
  Start();
  EXPECT_THAT(Zones(), ElementsAre("core 0 0/msr:0xc001029a", "package 0 0/msr:0xc001029b"));
  msr_.Set(0, kAmdCore, 13 * kJoule);
  msr_.Set(1, kAmdCore, 14 * kJoule);
  msr_.Set(2, kAmdCore, 13 * kJoule);  // the other thread of core 0
  msr_.Set(0, kAmdPackage, 120 * kJoule);
  EXPECT_THAT(Epoch(), ElementsAre(Joules(7), Joules(20)));
  msr_.TakeOffline(1);
  msr_.Set(0, kAmdCore, 15 * kJoule);
  EXPECT_EQ(Epoch()[0], Joules(2));
  EXPECT_THAT(log_.lines, ElementsAre(AllOf(HasSubstr("W msr: zone core of socket 0"), HasSubstr("short of some"),
                                            HasSubstr("1 of 2 counters"), HasSubstr("1:0xc001029a"))));
  msr_.BringOnline(1);
  msr_.Set(1, kAmdCore, 90 * kJoule);
  EXPECT_EQ(Epoch()[0], Joules(0)) << "what it used while it was away is not known";
  msr_.Set(1, kAmdCore, 91 * kJoule);
  EXPECT_EQ(Epoch()[0], Joules(1));
  msr_.Set(1, kAmdCore, 1 * kJoule);
  EXPECT_EQ(Epoch()[0], Joules(0));
  EXPECT_EQ(meter_->States()[0].resets, 1U) << "of one core";
}

TEST_F(MsrMeterTest, AnotherCpuOfTheSocketTakesOverFromOneThatGoesOffline) {
  MakeServer();
  Start();
  msr_.TakeOffline(0);
  SetEnergy(1, 104, 11);
  EXPECT_THAT(Epoch(), ElementsAre(Joules(1), Joules(0), Joules(4), Joules(0)));
  EXPECT_THAT(log_.lines, IsEmpty());
  msr_.TakeOffline(1);
  EXPECT_THAT(Epoch(), ElementsAre(std::nullopt, Joules(0), std::nullopt, Joules(0)));
  msr_.BringOnline(1);
  SetEnergy(1, 110, 12);
  EXPECT_EQ(Epoch()[2], Joules(6)) << "the counter has gone on";
}

TEST_F(MsrMeterTest, OpensOnlyTheZonesThatAreAskedFor) {
  MakeAmd();
  options_.zones = {"package-0"};
  Start();
  EXPECT_THAT(Zones(), ElementsAre("package 0 0/msr:0xc001029b"));
  options_.zones = {"dram"};
  EXPECT_THAT(OpenError(), HasSubstr("rapl.zones may name core, package"));
}

TEST_F(MsrMeterTest, WithoutTheDevicesTheErrorNamesTheModule) {
  MakeServer();
  options_.dev_root = tree_.path() + "/";
  const auto meter = MsrMeter::Open(options_, clock_);
  ASSERT_FALSE(meter);
  EXPECT_THAT(meter.error().message, AllOf(HasSubstr(tree_.At("cpu/0/msr: No such file")), HasSubstr("modprobe msr")));
}

TEST_F(MsrMeterTest, AVirtualMachineWithoutRegistersOrWithEmptyOnesHasNoMeter) {
  msr_.SetProcessor("GenuineIntel", 6, 0x8f);
  msr_.AddCpu(0, 0, 0, 0);
  msr_.SetOnline("0");
  EXPECT_THAT(OpenError(), AllOf(HasSubstr("0:0x606"), HasSubstr("no registers of RAPL")));
  msr_.Set(0, kUnitRegister, kUnit);
  EXPECT_THAT(OpenError(), HasSubstr("missing or stand at 0")) << "none of energy";
  msr_.Set(0, kPsys, 0);
  EXPECT_THAT(OpenError(), HasSubstr("missing or stand at 0"));
}

TEST_F(MsrMeterTest, AProcessorThatIsNotKnownIsAnError) {
  MakeServer();
  tree_.Write("proc/cpuinfo", "CPU implementer\t: 0x41\n");
  EXPECT_THAT(OpenError(), HasSubstr("no registers of RAPL are known"));
}

TEST_F(MsrMeterTest, ASocketWhoseFileIsMissingSpoilsOnlyItself) {
  MakeServer();
  for (const uint32_t cpu : {2, 3}) msr_.TakeOffline(cpu);
  Start();
  EXPECT_THAT(Zones(), ElementsAre("dram 0 0/msr:0x619", "package 0 0/msr:0x611"));
  EXPECT_THAT(log_.lines, ElementsAre(HasSubstr("W msr: CPU 2 is left out: open 2"), HasSubstr("CPU 3 is left out")));
}

TEST_F(MsrMeterTest, AReadingsTimeIsTheMiddleBetweenTheClockBeforeAndAfterIt) {
  MakeServer();
  options_.zones = {"package"};
  msr_.SetOnline("0-1");
  const SlowClock clock;
  const auto meter = MsrMeter::OpenWith(options_, clock, msr_.Opener());
  ASSERT_TRUE(meter) << meter.error().message;
  const Nanoseconds cut = clock.Now();
  (*meter)->Sample();
  EXPECT_THAT((*meter)->Collect({.end = cut}).read_lags, ElementsAre(Milliseconds(15)));
}

TEST_F(MsrMeterTest, ARegisterGoesOnOverARestartAndASumOfCoresBeginsAnew) {
  MakeAmd();
  Start();
  Epoch();
  const MeterState state = meter_->State();
  for (const uint32_t cpu : {0, 1, 2, 3}) {
    msr_.Set(cpu, kAmdPackage, 107 * kJoule);
    msr_.Set(cpu, kAmdCore, 12 * kJoule);
  }
  clock_.Advance(Seconds(30));
  Start();
  auto meter = MsrMeter::OpenWith(options_, clock_, msr_.Opener());
  ASSERT_TRUE(meter);
  meter_ = *std::move(meter);
  meter_->Resume(state);
  EXPECT_THAT(Epoch(), ElementsAre(std::nullopt, Joules(7)));
  EXPECT_THAT(log_.lines, ElementsAre(AllOf(HasSubstr("W msr: the energy of the 31 s"), HasSubstr("for core:"))));
  msr_.Set(0, kAmdCore, 13 * kJoule);
  EXPECT_THAT(Epoch(), ElementsAre(Joules(1), Joules(0)));
}

}  // namespace
}  // namespace brahe::energy
