#include "userspace/energy/perf_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/fake_clock.h"
#include "userspace/base/temp_tree.h"
#include "userspace/energy/log_lines.h"
#include "userspace/energy/slow_clock.h"

namespace brahe::energy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kPmu = "bus/event_source/devices/power/";
constexpr const char* kCorePmu = "bus/event_source/devices/power_core/";
constexpr uint32_t kCoreType = 11;
constexpr const char* kScale = "2.3283064365386962890625e-10\n";

// Counters in files of memory, in place of the kernel's. They share their offset with what the meter reads.
class FakePerf {
 public:
  using Key = std::pair<uint64_t, uint32_t>;  // config, CPU
  struct Counter {
    uint64_t counts = 0;
    Nanoseconds opened, enabled;
    bool stopped = false;
    bool empty = false;
    UniqueFd fd;
  };

  explicit FakePerf(const Clock& clock) : clock_(clock) {}
  Result<UniqueFd> Open(const PerfTarget& target) {
    EXPECT_TRUE(target.type == 9U || target.type == kCoreType);
    const Key key = {target.config, target.cpu};
    if (refused.contains(key)) return SystemError("perf_event_open", refused[key]);
    Counter& counter = counters[key] = {};
    counter.opened = clock_.Now();
    counter.fd.Reset(memfd_create("counter", MFD_CLOEXEC));
    Refresh();
    return UniqueFd(dup(counter.fd.get()));
  }
  // What the next read of each counter gives.
  void Refresh() {
    for (auto& [key, counter] : counters) {
      if (!counter.stopped) counter.enabled = clock_.Now() - counter.opened;
      const std::array<uint64_t, 2> numbers = {counter.counts, counter.enabled.value};
      EXPECT_EQ(ftruncate(counter.fd.get(), 0), 0);
      const ssize_t length = counter.empty ? 0 : sizeof numbers;
      EXPECT_EQ(pwrite(counter.fd.get(), numbers.data(), length, 0), length);
      EXPECT_EQ(lseek(counter.fd.get(), 0, SEEK_SET), 0);
    }
  }

  std::map<Key, Counter> counters;
  std::map<Key, int> refused;  // errno

 private:
  const Clock& clock_;
};

class PerfMeterTest : public testing::Test {
 protected:
  static constexpr uint64_t kJoule = 4'294'967'296;  // counts

  PerfMeterTest() {
    options_.sysfs_root = tree_.path();
    Write("type", "9\n");
    Write("format/event", "config:0-7\n");
    tree_.MakeFolder(std::string(kPmu) + "events");
    SetMask("0\n");
    AddCpu(0, 0);
  }
  void Write(const std::string& file, const std::string& content) const { tree_.Write(kPmu + file, content); }
  void AddEvent(const std::string& name, const std::string& config) const {
    Write("events/" + name, "event=" + config + "\n");
    Write("events/" + name + ".unit", "Joules\n");
    Write("events/" + name + ".scale", kScale);
  }
  void AddCpu(uint32_t cpu, uint32_t socket, uint32_t die = 0) const {
    const std::string topology = "devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    tree_.Write(topology + "physical_package_id", std::to_string(socket) + "\n");
    tree_.Write(topology + "die_id", std::to_string(die) + "\n");
  }
  void SetMask(const std::string& mask) const { Write("cpumask", mask); }
  [[nodiscard]] std::string EventPath(const std::string& name) const {
    return tree_.At(std::string(kPmu) + "events/" + name);
  }
  [[nodiscard]] auto OpenMeter() {
    return PerfMeter::OpenWith(options_, clock_, [this](const PerfTarget& target) { return perf_.Open(target); });
  }
  [[nodiscard]] std::string OpenError() {
    const auto meter = OpenMeter();
    return meter ? "no error" : meter.error().message;
  }
  void Start() {
    auto meter = OpenMeter();
    ASSERT_TRUE(meter) << meter.error().message;
    meter_ = *std::move(meter);
    perf_.Refresh();
    meter_->Sample();
  }
  void Add(uint64_t config, uint32_t cpu, uint64_t counts) { perf_.counters.at({config, cpu}).counts += counts; }
  std::vector<std::optional<Microjoules>> Epoch() {
    clock_.Advance(Seconds(1));
    perf_.Refresh();
    meter_->Sample();
    return meter_->Collect({.end = clock_.Now()}).used;
  }
  // "NAME SOCKET FILE" a zone.
  [[nodiscard]] std::vector<std::string> Zones() const {
    std::vector<std::string> lines;
    for (const Zone& zone : meter_->zones()) {
      lines.push_back(zone.name + " " + (zone.socket ? std::to_string(*zone.socket) : "-") + " " +
                      zone.path.substr(zone.path.rfind('/') + 1));
    }
    return lines;
  }
  void AddTwoSockets() const {
    AddEvent("energy-pkg", "0x02");
    AddEvent("energy-ram", "0x03");
    AddCpu(8, 1);
    SetMask("0,8\n");
  }

  // A socket of three cores of two threads each; of each core the first CPU is in the mask.
  void AddAmdCores() const {
    tree_.Write("devices/system/cpu/modalias", "cpu:type:x86,ven0002fam001Amod0002:feature:,0000,0001\n");
    AddEvent("energy-pkg", "0x02");
    tree_.Write(std::string(kCorePmu) + "type", std::to_string(kCoreType) + "\n");
    tree_.Write(std::string(kCorePmu) + "format/event", "config:0-7\n");
    tree_.Write(std::string(kCorePmu) + "cpumask", "0-2\n");
    const std::string event = std::string(kCorePmu) + "events/energy-core";
    tree_.Write(event, "event=0x01\n");
    tree_.Write(event + ".unit", "Joules\n");
    tree_.Write(event + ".scale", kScale);
    for (const uint32_t cpu : {0, 1, 2, 3, 4, 5}) {
      AddCpu(cpu, 0);
      tree_.Write("devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list",
                  std::to_string(cpu % 3) + "," + std::to_string(cpu % 3 + 3) + "\n");
    }
  }

  TempTree tree_;
  FakeClock clock_;
  FakePerf perf_{clock_};
  MeterOptions options_;
  LogLines log_;
  std::unique_ptr<EnergyMeter> meter_;
};

TEST_F(PerfMeterTest, FindsAllEventsAndPsysOnce) {
  AddTwoSockets();
  AddEvent("energy-cores", "0x01");
  AddEvent("energy-gpu", "0x04");
  AddEvent("energy-psys", "0x05");
  Start();
  EXPECT_THAT(Zones(), ElementsAre("core 0 energy-cores", "core 1 energy-cores", "dram 0 energy-ram",
                                   "dram 1 energy-ram", "package 0 energy-pkg", "package 1 energy-pkg",
                                   "psys - energy-psys", "uncore 0 energy-gpu", "uncore 1 energy-gpu"));
  EXPECT_EQ(meter_->zones()[4].path, EventPath("energy-pkg"));
  EXPECT_EQ(perf_.counters.size(), 9u);
  EXPECT_FALSE(perf_.counters.contains({5, 8}));
  EXPECT_THAT(log_.lines, IsEmpty());
}

TEST_F(PerfMeterTest, CountersThatAreForShowDoNotCount) {
  AddEvent("energy-pkg", "0x02");
  AddEvent("energy-psys", "0x05");
  auto meter = OpenMeter();
  ASSERT_TRUE(meter) << meter.error().message;
  EXPECT_FALSE(static_cast<PerfMeter&>(**meter).Counts());
  perf_.counters[{2, 0}].counts = 1;
  perf_.Refresh();
  EXPECT_TRUE(static_cast<PerfMeter&>(**meter).Counts()) << "one is enough";
}

TEST_F(PerfMeterTest, EachSocketHasItsOwnEnergyToTheMicrojoule) {
  AddTwoSockets();
  Start();
  Add(2, 0, 5 * kJoule);
  Add(2, 8, kJoule / 2 + 4294);  // 4294 counts are 0.9998 uJ
  Add(3, 8, 1);
  EXPECT_THAT(Epoch(), ElementsAre(Joules(0), Joules(0), Joules(5), Microjoules{500'000}));
  Add(2, 8, 1);  // and now 1.00001 uJ
  Add(3, 0, kJoule);
  EXPECT_THAT(Epoch(), ElementsAre(Joules(1), Joules(0), Joules(0), Microjoules{1}));
}

TEST_F(PerfMeterTest, DiesOfOnePackageAreZonesOfTheirOwn) {
  AddEvent("energy-pkg", "0x02");
  AddCpu(4, 0, 1);
  SetMask("0,4\n");
  Start();
  EXPECT_THAT(Zones(), ElementsAre("package 0 energy-pkg:die-0", "package 0 energy-pkg:die-1"));
}

TEST_F(PerfMeterTest, AnAmdSocketsOneCounterIsCountedOnceHoweverManyDiesShowIt) {
  AddEvent("energy-pkg", "0x02");
  AddCpu(4, 0, 1);
  AddCpu(8, 1, 2);
  AddCpu(12, 1, 3);
  SetMask("0,4,8,12\n");
  for (const char* vendor : {"0002", "0009"}) {
    tree_.Write("devices/system/cpu/modalias",
                "cpu:type:x86,ven" + std::string(vendor) + "fam0019mod0061:feature:,0000,0001\n");
    Start();
    EXPECT_THAT(Zones(), ElementsAre("package 0 energy-pkg", "package 1 energy-pkg"));
    EXPECT_THAT(log_.lines, IsEmpty());
  }
  tree_.Write("devices/system/cpu/modalias", "cpu:type:x86,ven0000fam0006mod0055:feature:,0000,0001\n");
  Start();
  EXPECT_EQ(meter_->zones().size(), 4U);
}

TEST_F(PerfMeterTest, TheCoresOfAnAmdSocketAreSummed) {
  AddAmdCores();
  Start();
  EXPECT_THAT(Zones(), ElementsAre("core 0 energy-core", "package 0 energy-pkg"));
  EXPECT_EQ(perf_.counters.size(), 4U);
  for (const uint32_t cpu : {0, 1, 2}) Add(1, cpu, (cpu + 1) * kJoule);
  Add(2, 0, 9 * kJoule);
  EXPECT_THAT(Epoch(), ElementsAre(Joules(6), Joules(9)));
  EXPECT_THAT(log_.lines, IsEmpty());
}

TEST_F(PerfMeterTest, ACoreThatGoesOfflineIsMissedAndSaidAndComesBack) {
  AddAmdCores();
  Start();
  perf_.counters.at({1, 2}).stopped = true;
  for (const uint32_t cpu : {0, 1, 2}) Add(1, cpu, kJoule);
  tree_.Write(std::string(kCorePmu) + "cpumask", "0-1\n");
  EXPECT_THAT(Epoch()[0], Joules(2));
  EXPECT_THAT(log_.lines, ElementsAre(AllOf(HasSubstr("W perf: zone core of socket 0"), HasSubstr("1 of 3 counters"))));
  tree_.Write(std::string(kCorePmu) + "cpumask", "0-1,5\n");
  EXPECT_EQ(Epoch()[0], Joules(0)) << "its other thread is online";
  Add(1, 5, 4 * kJoule);
  EXPECT_EQ(Epoch()[0], Joules(4));
  EXPECT_EQ(meter_->States()[0].read_errors, 0U);
  EXPECT_EQ(meter_->States()[0].resets, 0U);
}

TEST_F(PerfMeterTest, AFaultyPmuOfCoresSpoilsOnlyItself) {
  AddAmdCores();
  tree_.Write(std::string(kCorePmu) + "events/energy-core.unit", "Watts\n");
  Start();
  EXPECT_THAT(Zones(), ElementsAre("package 0 energy-pkg"));
  EXPECT_THAT(log_.lines, ElementsAre(AllOf(HasSubstr("W perf: "), HasSubstr("energy-core.unit"))));
}

TEST_F(PerfMeterTest, TwoCpusOfOneDieAreNotCountedTwice) {
  AddEvent("energy-pkg", "0x02");
  AddCpu(1, 0);
  SetMask("0-1\n");
  Start();
  EXPECT_THAT(Zones(), ElementsAre("package 0 energy-pkg"));
  EXPECT_THAT(log_.lines, ElementsAre(AllOf(HasSubstr("W perf"), HasSubstr("CPU 1 beside CPU 0"))));
}

TEST_F(PerfMeterTest, OpensOnlyTheZonesThatAreAskedFor) {
  AddTwoSockets();
  options_.zones = {"DRAM"};
  Start();
  EXPECT_THAT(Zones(), ElementsAre("dram 0 energy-ram", "dram 1 energy-ram"));
  EXPECT_EQ(perf_.counters.size(), 2u);
  options_.zones = {"gpu"};
  EXPECT_THAT(OpenError(), HasSubstr("rapl.zones may name dram, package"));
}

TEST_F(PerfMeterTest, AnEventInWrongWordsSpoilsOnlyItself) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "event=2"}, {".unit", "Watts"}, {".scale", "pear"}, {".scale", "0"}};
  for (const auto& [suffix, content] : bad) {
    AddTwoSockets();
    Write("events/energy-ram" + suffix, content + "\n");
    log_.lines.clear();
    Start();
    EXPECT_THAT(Zones(), ElementsAre("package 0 energy-pkg", "package 1 energy-pkg"));
    EXPECT_THAT(log_.lines, ElementsAre(AllOf(HasSubstr("W perf: "), HasSubstr("energy-ram" + suffix),
                                              HasSubstr('"' + content + '"'))));
    tree_.Remove(kPmu + std::string("events/energy-pkg"));
    EXPECT_THAT(OpenError(), HasSubstr("energy-ram" + suffix)) << "no other event is left";
  }
}

TEST_F(PerfMeterTest, AReadingsTimeIsTheMiddleBetweenTheClockBeforeAndAfterIt) {
  AddEvent("energy-pkg", "0x02");
  const SlowClock clock;
  const auto meter =
      PerfMeter::OpenWith(options_, clock, [this](const PerfTarget& target) { return perf_.Open(target); });
  ASSERT_TRUE(meter) << meter.error().message;
  perf_.Refresh();
  const Nanoseconds cut = clock.Now();
  (*meter)->Sample();
  EXPECT_THAT((*meter)->Collect({.end = cut}).read_lags, ElementsAre(Milliseconds(15)));
}

TEST_F(PerfMeterTest, WithoutThePmuTheErrorNamesTheModule) {
  tree_.Remove("bus");
  EXPECT_THAT(OpenError(), AllOf(HasSubstr("devices/power/type: No such file"), HasSubstr("kernel module rapl"),
                                 HasSubstr("host.sysfs")));
}

TEST_F(PerfMeterTest, APmuWithoutEventsIsAnError) {
  EXPECT_THAT(OpenError(), AllOf(HasSubstr("no energy events in " + tree_.path()), HasSubstr("cpu.preferredMeters")));
}

TEST_F(PerfMeterTest, AFormatThatIsNotKnownIsAnError) {
  AddEvent("energy-pkg", "0x02");
  Write("format/event", "config:0-15\n");
  EXPECT_THAT(OpenError(), AllOf(HasSubstr("format/event"), HasSubstr("config:0-15")));
}

TEST_F(PerfMeterTest, WithoutPermissionTheErrorSaysWhichIsNeeded) {
  AddTwoSockets();
  perf_.refused = {{{2, 0}, ENODEV}, {{2, 8}, EACCES}, {{3, 0}, ENODEV}, {{3, 8}, ENODEV}};
  EXPECT_THAT(OpenError(),
              AllOf(HasSubstr("Permission denied"), HasSubstr("CAP_PERFMON"), HasSubstr("kernel.perf_event_paranoid")));
}

TEST_F(PerfMeterTest, AZoneThatCannotBeOpenedIsTriedAgainAndSaidOnce) {
  AddTwoSockets();
  perf_.refused = {{{3, 8}, EINVAL}};
  Start();
  Add(2, 0, kJoule);
  EXPECT_THAT(Epoch(), ElementsAre(Joules(0), std::nullopt, Joules(1), Joules(0)));
  EXPECT_THAT(log_.lines, ElementsAre(AllOf(HasSubstr("W perf: zone dram of socket 1"), HasSubstr("Invalid"))));
  EXPECT_EQ(meter_->States()[1].read_errors, 2u);
  perf_.refused.clear();
  EXPECT_THAT(Epoch()[1], std::nullopt);
  Add(3, 8, kJoule);
  EXPECT_EQ(Epoch()[1], Joules(1));
  EXPECT_THAT(log_.lines.back(), AllOf(HasSubstr("I "), HasSubstr("counted from now on")));
}

TEST_F(PerfMeterTest, ACounterThatGoesDownOrLeapsIsAReset) {
  AddEvent("energy-pkg", "0x02");
  Start();
  Add(2, 0, 9 * kJoule);
  Epoch();
  perf_.counters.at({2, 0}).counts = kJoule;
  EXPECT_EQ(Epoch()[0], Joules(0));
  Add(2, 0, 1'000'000 * kJoule);
  EXPECT_EQ(Epoch()[0], Joules(0));
  Add(2, 0, kJoule);
  EXPECT_EQ(Epoch()[0], Joules(1));
  EXPECT_EQ(meter_->States()[0].resets, 2u);
  EXPECT_EQ(meter_->States()[0].read_errors, 0u);
}

TEST_F(PerfMeterTest, AnEmptyReadLeavesTheZoneOutUntilItIsOpenedAnew) {
  AddTwoSockets();
  Start();
  perf_.counters.at({2, 8}).empty = true;
  EXPECT_THAT(Epoch(), ElementsAre(Joules(0), Joules(0), Joules(0), std::nullopt));
  EXPECT_THAT(log_.lines, ElementsAre(AllOf(HasSubstr("package of socket 1"), HasSubstr("on CPU 8"))));
}

TEST_F(PerfMeterTest, AStoppedCounterIsOpenedAnewOnTheCpuThatItsDieHasThen) {
  AddTwoSockets();
  Start();
  Add(2, 8, 7 * kJoule);
  EXPECT_EQ(Epoch()[3], Joules(7));
  for (const uint64_t config : {2, 3}) perf_.counters.at({config, 8}).stopped = true;
  SetMask("0\n");
  EXPECT_THAT(Epoch(), ElementsAre(Joules(0), std::nullopt, Joules(0), std::nullopt));
  EXPECT_THAT(log_.lines, ElementsAre(HasSubstr("stopped counting"), HasSubstr("stopped counting")));
  Add(2, 0, kJoule);
  EXPECT_THAT(Epoch(), ElementsAre(Joules(0), std::nullopt, Joules(1), std::nullopt)) << "its die is offline";
  AddCpu(9, 1);
  SetMask("0,9\n");
  EXPECT_EQ(Epoch()[3], std::nullopt) << "a new counter knows nothing of the time before";
  Add(2, 9, 3 * kJoule);
  EXPECT_EQ(Epoch()[3], Joules(3));
  EXPECT_EQ(meter_->States()[3].read_errors, 2u);
  EXPECT_EQ(meter_->States()[3].resets, 0u);
}

TEST_F(PerfMeterTest, WhatWasUsedWhileNoExporterRanIsNotKnownAndAllElseIsCounted) {
  AddTwoSockets();
  Start();
  Epoch();
  Add(2, 0, 5 * kJoule);
  clock_.Advance(Seconds(1));
  perf_.Refresh();
  meter_->Sample();
  // Half of it is the next epoch's.
  EXPECT_EQ(meter_->Collect({.end = clock_.Now() - Milliseconds(500)}).used[2], Microjoules{2'500'000});
  const MeterState state = meter_->State();
  meter_.reset();
  clock_.Advance(Seconds(12));
  auto meter = OpenMeter();
  ASSERT_TRUE(meter);
  meter_ = *std::move(meter);
  meter_->Resume(state);
  perf_.Refresh();
  meter_->Sample();
  Add(2, 0, 1 * kJoule);
  EXPECT_THAT(Epoch(), ElementsAre(std::nullopt, std::nullopt, std::nullopt, std::nullopt));
  EXPECT_THAT(log_.lines, ElementsAre(AllOf(HasSubstr("W perf: the energy of the 12 s in which no exporter ran"),
                                            HasSubstr("for dram, package"))));
  Add(2, 0, 3 * kJoule);
  EXPECT_THAT(Epoch(), ElementsAre(Joules(0), Joules(0), Microjoules{6'500'000}, Joules(0)));
  EXPECT_THAT(Epoch(), ElementsAre(Joules(0), Joules(0), Joules(0), Joules(0)));
}

}  // namespace
}  // namespace brahe::energy
