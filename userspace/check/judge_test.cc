#include "userspace/check/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace brahe::check {
namespace {

using ::testing::HasSubstr;

ZoneSeen Zone(const std::string& name, std::optional<uint32_t> socket, Microjoules energy) {
  return {.name = name,
          .path = "/sys/class/powercap/" + name,
          .socket = socket,
          .energy = energy,
          .epochs_moved = 10,
          .epochs_known = 10};
}

// A machine that measures well.
Observation Healthy() {
  Observation seen;
  seen.time = Seconds(10);
  seen.epochs = 10;
  seen.energy_source = "rapl";
  seen.energy_measured = true;
  seen.cpu_time_source = "bpf";
  seen.zones = {Zone("package", 0, Joules(100)), Zone("core", 0, Joules(60)), Zone("uncore", 0, Joules(10)),
                Zone("package", 1, Joules(50)),  Zone("core", 1, Joules(50)), Zone("dram", 0, Joules(20)),
                Zone("psys", {}, Joules(200))};
  seen.busy_share = 0.30;
  seen.kernel_busy_share = 0.33;
  seen.capacity = Seconds(40);
  seen.probe = TimeSeen{99, "", Milliseconds(301), Milliseconds(300)};
  seen.tick = Milliseconds(10);
  seen.look_time = Milliseconds(5);
  seen.processes = {{1, "systemd", Milliseconds(12), Milliseconds(30)},
                    {42, "web", Milliseconds(9000), Milliseconds(8990)}};
  for (const char* name :
       {"switch", "exec", "strings", "free", "cgroup_made", "cgroup_removed", "move", "visit", "own_time"}) {
    seen.kernel.features.push_back({name, true});
  }
  seen.kernel.switches = 123'456;
  seen.kernel.map_capacity = 4096;
  seen.kernel.map_entries = 100;
  seen.cgroup_hierarchy = "/sys/fs/cgroup";
  seen.own_cpu_time = Milliseconds(20);
  return seen;
}

// The verdicts that are not good, by subject.
std::vector<std::string> Complaints(const Observation& seen) {
  std::vector<std::string> complaints;
  for (const Verdict& verdict : Judge(seen)) {
    EXPECT_FALSE(verdict.subject.empty());
    EXPECT_FALSE(verdict.finding.empty());
    if (verdict.outcome == Outcome::kGood) continue;
    EXPECT_FALSE(verdict.remedy.empty()) << verdict.subject;
    complaints.push_back(verdict.subject + (verdict.outcome == Outcome::kFaulty ? " faulty" : " limited"));
  }
  return complaints;
}

using List = std::vector<std::string>;

std::string FindingOf(const Observation& seen, const std::string& subject) {
  for (const Verdict& verdict : Judge(seen)) {
    if (verdict.subject == subject) return verdict.finding;
  }
  return "";
}

TEST(JudgeTest, AMachineThatMeasuresWellHasNoComplaint) {
  const Observation seen = Healthy();
  EXPECT_EQ(Complaints(seen), List());
  EXPECT_EQ(FindingOf(seen, "zone package-1"), "50.000 J, 5.00 W (/sys/class/powercap/package)");
}

TEST(JudgeTest, WithoutASensorPowerIsEstimated) {
  Observation seen = Healthy();
  seen.energy_source = "model";
  seen.energy_measured = false;
  seen.zones = {Zone("package", {}, Joules(100))};
  EXPECT_EQ(Complaints(seen), List{"sensor limited"});
  EXPECT_TRUE(FindingOf(seen, "sensor").ends_with("by how much it is off is not known"));
  seen.uncertainty_ppm = 365'000;
  EXPECT_TRUE(FindingOf(seen, "sensor").ends_with("19 of 20 such estimates are off by less than 36.5 %"))
      << FindingOf(seen, "sensor");
  seen.energy_source = "guest";
  EXPECT_EQ(Complaints(seen), List{"sensor limited"}) << "as the host says";
  seen.energy_source = "fake";
  EXPECT_EQ(Complaints(seen), List{"sensor faulty"});
}

TEST(JudgeTest, ASensorThatDoesNotMoveIsNone) {
  for (const bool is_known_to_be_none : {false, true}) {
    Observation seen = Healthy();
    seen.energy_measured = !is_known_to_be_none;
    seen.zones = {Zone("package", 0, {})};
    seen.zones[0].epochs_moved = 0;
    EXPECT_EQ(Complaints(seen), (List{"sensor faulty", "zone package-0 limited"}));
  }
}

TEST(JudgeTest, OneOfManyZonesThatStandsStillIsNamed) {
  Observation seen = Healthy();
  seen.zones[5].epochs_moved = 0;
  EXPECT_EQ(Complaints(seen), List{"zone dram-0 limited"});
  EXPECT_THAT(FindingOf(seen, "zone dram-0"), HasSubstr("stood still for 10.000 s, at 30.0 %"));
}

TEST(JudgeTest, AZoneThatCannotBeReadOrJumpsIsNamed) {
  Observation seen = Healthy();
  seen.zones[1].epochs_known = 0;
  seen.zones[3].read_errors = 2;
  seen.zones[5].resets = 1;
  EXPECT_EQ(Complaints(seen), (List{"zone core-0 faulty", "zone package-1 limited", "zone dram-0 faulty"}));
}

TEST(JudgeTest, APartThatUsesMoreThanTheWholeIsAFault) {
  Observation seen = Healthy();
  seen.zones[1].energy = Joules(93);  // with uncore 103 of 100
  EXPECT_EQ(Complaints(seen), List{"zones faulty"});
  EXPECT_THAT(FindingOf(seen, "zones"), HasSubstr("core-0 with uncore-0 used 103.000 J"));
  seen.zones[1].energy = Joules(91);
  EXPECT_EQ(Complaints(seen), List()) << "counters are not read in one instant";
  seen.zones[6].energy = Joules(100);
  EXPECT_EQ(Complaints(seen), List{"zones faulty"}) << "both packages are in psys";
}

TEST(JudgeTest, ZonesWhoseEnergyIsNotAllKnownAreNotCompared) {
  Observation seen = Healthy();
  seen.zones[1].energy = Joules(500);
  seen.zones[1].epochs_known = 9;
  EXPECT_EQ(Complaints(seen), List());
  seen.zones[1].epochs_known = 10;
  EXPECT_EQ(Complaints(seen), List{"zones faulty"});
}

TEST(JudgeTest, CpuTimeFromProcIsLessExactAndLessIsAskedOfIt) {
  Observation seen = Healthy();
  seen.cpu_time_source = "procfs";
  seen.kernel = {};
  seen.probe = TimeSeen{99, "", Milliseconds(290), Milliseconds(325)};
  EXPECT_EQ(Complaints(seen), List{"time source limited"});
  seen.cpu_time_source = "bpf";
  seen.kernel = Healthy().kernel;
  EXPECT_EQ(Complaints(seen), List{"probe faulty"});
}

TEST(JudgeTest, AProbeThatIsChargedWithTooMuchOrTooLittleIsAFault) {
  Observation seen = Healthy();
  seen.probe->charged = Milliseconds(306);
  EXPECT_EQ(Complaints(seen), List{"probe faulty"});
  seen.probe->charged = {};
  EXPECT_EQ(Complaints(seen), List{"probe faulty"});
  seen.probe.reset();
  EXPECT_EQ(Complaints(seen), List{"probe limited"});
}

TEST(JudgeTest, AProcessThatTheKernelsBooksKnowOtherwiseIsNamed) {
  Observation seen = Healthy();
  seen.processes[0].charged = Milliseconds(500);
  seen.processes[1].charged = Milliseconds(9500);
  EXPECT_EQ(Complaints(seen), List{"processes faulty"});
  EXPECT_THAT(FindingOf(seen, "processes"), HasSubstr("systemd (1) was charged with 0.500 s"));
}

TEST(JudgeTest, AMachineThatIsBusierByTheKernelsBooksIsAFault) {
  Observation seen = Healthy();
  seen.kernel_busy_share = 0.40;
  EXPECT_EQ(Complaints(seen), List{"machine faulty"});
  seen.kernel_busy_share.reset();
  EXPECT_EQ(Complaints(seen), List{"machine limited"});
}

TEST(JudgeTest, WhatTheKernelSideLosesIsNamed) {
  Observation seen = Healthy();
  seen.kernel.lost = Milliseconds(1);
  seen.kernel.conservation_error = Milliseconds(1);
  seen.kernel.late_cuts = 1;
  seen.kernel.dropped_events = 2;
  seen.kernel.map_entries = 4000;
  EXPECT_EQ(Complaints(seen), (List{"kernel side faulty", "kernel side faulty", "kernel side limited",
                                    "kernel side limited", "kernel side limited"}));
}

TEST(JudgeTest, AFeatureThatIsOffIsNamedWithWhatIsLost) {
  Observation seen = Healthy();
  for (cpu::KernelFeature& feature : seen.kernel.features) feature.on = feature.name != "free";
  EXPECT_EQ(Complaints(seen), List{"feature free limited"});
  EXPECT_EQ(FindingOf(seen, "feature free"), "off: ends of processes are found in /proc, some epochs later");
}

TEST(JudgeTest, SurroundingsThatTakeSomethingAwayAreNamed) {
  Observation seen = Healthy();
  seen.imbalances = {"at level pod zone core has 1.000 J of 2.000 J active"};
  seen.shows_all_processes = false;
  seen.hides_processes = "mount it without hidepid";
  seen.cgroup_hierarchy.clear();
  seen.lacks = {"cap_sys_ptrace"};
  seen.own_cpu_time = Milliseconds(500);
  EXPECT_EQ(Complaints(seen),
            (List{"books faulty", "procfs limited", "cgroups limited", "rights limited", "cost limited"}));
}

}  // namespace
}  // namespace brahe::check
