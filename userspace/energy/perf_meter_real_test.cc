#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/file.h"
#include "userspace/base/temp_tree.h"
#include "userspace/energy/perf_meter.h"

namespace brahe::energy {
namespace {

constexpr const char* kEvent = "/sys/bus/event_source/devices/power/events/energy-pkg";

std::set<uint32_t> SocketsOfMachine() {
  std::set<uint32_t> sockets;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/devices/system/cpu")) {
    const auto id = ReadFile(entry.path().string() + "/topology/physical_package_id");
    if (id) sockets.insert(static_cast<uint32_t>(ParseUint64(*id).value_or(0)));
  }
  return sockets;
}

// The mean power of each zone over about a second, by the time between the two samples.
std::vector<Microwatts> Measure(EnergyMeter& meter) {
  const Clock& clock = SystemClock();
  meter.Sample();
  const Nanoseconds start = clock.Now();
  clock.SleepUntil(start + Seconds(1));
  meter.Sample();
  const Nanoseconds elapsed = clock.Now() - start;
  std::vector<Microwatts> power;
  for (const auto& used : meter.Collect({.end = clock.Now()}).used)
    power.push_back(MeanPower(used.value_or(Microjoules{}), elapsed));
  return power;
}

TEST(PerfMeterRealTest, ReadsWhatTheTestPmuUses) {
  if (access(kEvent, F_OK) != 0) GTEST_SKIP() << "no power PMU here: " << kEvent << " is missing";
  const auto parameters = ReadFile("/sys/module/test_power/parameters/mw");
  if (!parameters) GTEST_SKIP() << "the power PMU is not the test's, so its power is not known";
  const auto meter = PerfMeter::Open({}, SystemClock());
  ASSERT_TRUE(meter) << meter.error().message;

  std::vector<double> milliwatts;  // of cores, package, dram, gpu, psys
  std::istringstream list(*parameters);
  for (std::string number; std::getline(list, number, ',');) {
    milliwatts.push_back(static_cast<double>(*ParseUint64(number)));
  }
  ASSERT_GE(milliwatts.size(), 3u) << *parameters;
  const std::vector<Microwatts> power = Measure(**meter);
  std::set<std::string> seen;
  for (size_t i = 0; i < power.size(); ++i) {
    const std::string& zone = (*meter)->zones()[i].name;
    if (zone != "package" && zone != "dram") continue;
    const double expected = 1000 * milliwatts[zone == "package" ? 1 : 2];
    EXPECT_NEAR(static_cast<double>(power[i].value), expected, 0.05 * expected) << zone;
    seen.insert(zone);
  }
  EXPECT_EQ(seen.size(), 2u);
}

TEST(PerfMeterRealTest, EachSocketHasAPackage) {
  if (access(kEvent, F_OK) != 0) GTEST_SKIP() << "no power PMU here: " << kEvent << " is missing";
  const auto meter = PerfMeter::Open({}, SystemClock());
  ASSERT_TRUE(meter) << meter.error().message;
  std::set<uint32_t> sockets;
  for (const Zone& zone : (*meter)->zones()) {
    if (zone.name == "package") sockets.insert(zone.socket.value());
  }
  EXPECT_EQ(sockets, SocketsOfMachine());
}

// The kernel's clock of a CPU, event 0 of its software PMU, stands in for an energy counter: a nanojoule a nanosecond.
TEST(PerfMeterRealTest, OpensAndReadsACounterOfTheKernel) {
  const TempTree tree;
  const std::string pmu = "bus/event_source/devices/power/";
  tree.Write(pmu + "type", "1\n");
  tree.Write(pmu + "cpumask", "0\n");
  tree.Write(pmu + "format/event", "config:0-7\n");
  tree.Write(pmu + "events/energy-pkg", "event=0x00\n");
  tree.Write(pmu + "events/energy-pkg.unit", "Joules\n");
  tree.Write(pmu + "events/energy-pkg.scale", "1e-9\n");
  MeterOptions options;
  options.sysfs_root = tree.path();
  const auto meter = PerfMeter::Open(options, SystemClock());
  if (!meter && IsPermission(meter.error())) GTEST_SKIP() << meter.error().message;
  ASSERT_TRUE(meter) << meter.error().message;
  const std::vector<Microwatts> power = Measure(**meter);
  ASSERT_EQ(power.size(), 1u);
  EXPECT_NEAR(static_cast<double>(power[0].value), 1e6, 5e4);
  EXPECT_EQ((*meter)->States()[0].read_errors, 0u);
}

}  // namespace
}  // namespace brahe::energy
