#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "userspace/base/fake_clock.h"
#include "userspace/monitor/books_state.h"
#include "userspace/monitor/epoch_runner.h"
#include "userspace/monitor/fakes.h"

namespace brahe::monitor {
namespace {

constexpr uint64_t kBox = 11;
constexpr EndedPolicy kPolicy = {.max_listed = 10, .min_energy = Joules(1), .retention = Seconds(60)};

// A runner whose CPU time source, meter and machine outlive it.
class ResumeTest : public testing::Test {
 protected:
  void SetUp() override {
    resolver.knows_pods = true;
    resolver.containers = {{kBox, {"box", "docker", "pod"}}};
    workload::Pod facts{"pod", "web", "shop"};
    facts.owner_kind = "Job", facts.owner_name = "index";
    resolver.pods["box"] = {facts, "front"};
    Make();
    ASSERT_TRUE(runner->Start().has_value());
  }
  void Make() {
    MonitorParts parts;
    parts.cpu_time = std::make_unique<LentCpuTimeSource>(cpu);
    parts.energy = std::make_unique<LentEnergyMeter>(meter);
    parts.workloads = std::make_unique<LentWorkloadResolver>(resolver);
    runner.emplace(std::move(parts), kPolicy, clock);
  }
  void Use(const ProcessKey& key, uint64_t ms, uint64_t cgroup = 1) {
    cpu.next.tasks.push_back({key, cgroup, 0, Milliseconds(ms)});
    busy += Milliseconds(ms);
  }
  // A second in which as many joules are used as milliseconds.
  const Snapshot& Run() {
    clock.Advance(Seconds(1));
    cpu.next.sockets = {{0, busy, {}}};
    meter.flow[0] += Joules(busy.value / 1'000'000);
    busy = {};
    latest = runner->RunEpoch();
    return *latest;
  }
  BooksState Kept() const {
    EpochState kept = runner->State(latest);
    AddListed(*kept.snapshot, kept.books);
    return kept.books;
  }
  void Restart(bool gap_is_counted = true) { RestartWith(Kept(), gap_is_counted); }
  void RestartWith(BooksState books, bool gap_is_counted = true) {
    Make();
    ASSERT_TRUE(runner->Resume({.books = std::move(books), .gap_is_counted = gap_is_counted}).has_value());
  }
  template <typename Labels>
  static std::vector<std::string> Lines(const WorkloadList<Labels>& list, const auto& name_of) {
    std::vector<std::string> lines;
    for (size_t i = 0; i < list.size(); ++i) {
      lines.push_back(name_of(*list[i].labels) +
                      (list[i].state == WorkloadState::kRunning ? " running " : " terminated ") +
                      std::to_string(list.At(i, 0).energy.value / 1'000'000));
    }
    return lines;
  }
  std::vector<std::string> Processes() const {
    return Lines(latest->processes, [](const ProcessLabels& labels) { return std::to_string(labels.pid); });
  }
  std::vector<std::string> Containers() const {
    return Lines(latest->containers, [](const ContainerLabels& labels) { return labels.id; });
  }
  std::vector<std::string> Groups(std::string_view level) const {
    for (const GroupList& list : latest->groups) {
      if (list.level == level) return Lines(list.groups, [](const GroupLabels& labels) { return labels.values[0]; });
    }
    return {};
  }
  using Strings = std::vector<std::string>;

  FakeClock clock;
  FakeCpuTimeSource cpu{clock};
  FakeEnergyMeter meter{{{"package", "/p", 0}}};
  FakeWorkloadResolver resolver;
  std::optional<EpochRunner> runner;
  std::shared_ptr<const Snapshot> latest;
  Nanoseconds busy;
  const ProcessKey web{100, 1}, job{200, 2};
};

TEST_F(ResumeTest, SleepersKeepTheirContainerRunningAndNamespacesGoOn) {
  Use(web, 10, kBox);
  Run();
  Restart();
  Use(job, 5);
  Run();
  EXPECT_EQ(Containers(), Strings{"box running 10"}) << "its process lives, though it sleeps";
  Use(web, 7, kBox);
  Run();
  EXPECT_EQ(Groups("namespace"), Strings{"shop running 17"});
  EXPECT_EQ(Groups("owner"), Strings{"Job running 17"});
  cpu.next.ended.push_back(web);
  Run();
  EXPECT_EQ(Containers(), Strings{"box terminated 17"});
}

TEST_F(ResumeTest, PowerOfTheGapIsOverTheTimeInItThatTheMachineWasSuspended) {
  Use(web, 10);
  Run();
  energy::MeterZoneState zone;
  zone.last = {.energy = {}, .time = clock.Now(), .suspended = clock.Suspended()};
  BooksState books = Kept();
  clock.Suspend(Seconds(9));
  Make();
  ASSERT_TRUE(
      runner->Resume({.books = std::move(books), .gap_is_counted = true, .meter = {.zones = {zone}, .supplies = {}}})
          .has_value());
  Use(web, 100);
  EXPECT_EQ(Run().zones[0].figures.all.power, Watts(10));
  EXPECT_EQ(latest->suspended, Seconds(9));
}

TEST_F(ResumeTest, WhatIsToldOfASeriesIsWhatWasTold) {
  Use(web, 10, kBox);
  const Snapshot first = Run();
  Use(web, 1, kBox);
  Run();
  Restart();
  Run();
  EXPECT_EQ(latest->begin, first.begin);
  ASSERT_TRUE(latest->processes[0].since);
  EXPECT_EQ(latest->processes[0].since, first.processes[0].since);
  EXPECT_EQ(latest->processes[0].serial, first.processes[0].serial);
  EXPECT_EQ(*latest->processes[0].labels, *first.processes[0].labels);
  EXPECT_EQ(latest->containers[0].since, first.containers[0].since);
  Use(job, 1);
  Run();
  EXPECT_GT(latest->processes[1].serial, first.processes[0].serial) << "no other has its number";
}

TEST_F(ResumeTest, AZoneThatWasNotReadableBeforeTheEndIsToldOfInItsWholeTime) {
  Use(web, 10);
  Run();
  meter.unreadable[0] = true;
  Use(web, 10);
  Run();
  Restart();
  meter.unreadable[0] = false;
  Use(web, 10);
  Run();
  EXPECT_EQ(latest->zones[0].figures.all.power, Watts(10)) << "20 J in the two seconds since it was read";
}

TEST_F(ResumeTest, WhoEndedBeforeStaysListedForItsTime) {
  Use(web, 10);
  cpu.next.ended.push_back(web);
  Run();
  Restart();
  Run();
  EXPECT_EQ(Processes(), Strings{"100 terminated 10"});
  clock.Advance(Seconds(100));
  Run();
  EXPECT_EQ(Processes(), Strings{});
  EXPECT_EQ(latest->processes.rest()[0].unlisted.energy, Joules(10));
}

TEST_F(ResumeTest, WhereTheGapIsNotKnownItIsNotBookedAndTheDeadHaveEnded) {
  Use(web, 10, kBox);
  Use(job, 5);
  Run();
  const BooksState kept = Kept();
  clock.Advance(Seconds(10));
  meter.flow[0] += Joules(1000);
  cpu.next.tasks.push_back({job, 1, 0, Milliseconds(500)});
  resolver.dead.insert(web);
  RestartWith(kept, false);
  Use(job, 2);
  Run();
  EXPECT_EQ(Processes(), (Strings{"100 terminated 10", "200 running 7"}));
  EXPECT_EQ(Containers(), Strings{"box terminated 10"});
  EXPECT_EQ(latest->zones[0].figures.all.energy, Joules(17));
  EXPECT_EQ(latest->duration, Seconds(1)) << "the first epoch begins with this life";
  EXPECT_EQ(latest->begin, kept.begin) << "counters began with the other one";
}

TEST_F(ResumeTest, ProcessesOfAnotherSourceAreUnlistedFromThenOn) {
  Use(web, 10, kBox);
  Run();
  BooksState kept = Kept();
  kept.cpu_time_source = "another";
  RestartWith(kept, false);
  Use(web, 1, kBox);
  Run();
  EXPECT_EQ(Processes(), Strings{"100 running 1"});
  EXPECT_EQ(latest->processes.rest()[0].unlisted.energy, Joules(10));
  EXPECT_EQ(Containers(), Strings{"box running 11"});
}

TEST_F(ResumeTest, ASeriesOfOtherZonesBeginsAnewAndTheOthersGoOn) {
  Use(web, 10, kBox);
  Run();
  BooksState kept = Kept();
  kept.zones[0].path = "/elsewhere";
  RestartWith(kept);
  Use(web, 1, kBox);
  Run();
  EXPECT_EQ(Processes(), Strings{"100 running 1"});
  EXPECT_EQ(latest->processes[0].cpu_time, Milliseconds(11));
  EXPECT_EQ(latest->zones[0].figures.all.energy, Joules(1));

  kept.zones[0].path = "/p";
  kept.series.push_back({.name = "dram", .unassigned = {}, .closed = {}});
  kept.zones.push_back({.name = "dram", .path = "/d", .socket = 0, .active = {}, .idle = {}, .known_until = {}});
  for (ProcessState& process : kept.processes) process.account.energy.push_back(Joules(3));
  for (ContainerState& container : kept.containers) container.account.energy.push_back(Joules(3));
  for (PodState& pod : kept.pods) pod.account.energy.push_back(Joules(3));
  for (GroupState& group : kept.groups) group.account.energy.push_back(Joules(3));
  RestartWith(kept);
  Use(web, 1, kBox);
  Run();
  EXPECT_EQ(Processes(), Strings{"100 running 11"}) << "one that is gone takes its figures along";
}

}  // namespace
}  // namespace brahe::monitor
