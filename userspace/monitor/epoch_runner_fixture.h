#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "userspace/base/fake_clock.h"
#include "userspace/monitor/epoch_runner.h"
#include "userspace/monitor/fakes.h"

namespace brahe::monitor {

inline constexpr uint64_t kCgroupA = 11, kCgroupB = 12, kHostCgroup = 1;

// A epoch_runner of one socket whose epochs a test fills in.
class EpochRunnerTest : public testing::Test {
 protected:
  // One socket of one CPU, with `zones`.
  void Open(EndedPolicy policy = {.max_listed = 10, .min_energy = Joules(1), .retention = Seconds(120)}) {
    MonitorParts parts;
    parts.cpu_time.reset(cpu = new FakeCpuTimeSource(clock));
    parts.energy.reset(meter = new FakeEnergyMeter(zones));
    parts.workloads.reset(resolver = new FakeWorkloadResolver);
    resolver->containers = {{kCgroupA, {"aaa", "docker", ""}}, {kCgroupB, {"bbb", "crio", "pod"}}};
    runner.emplace(std::move(parts), policy, clock);
    cpu->next = before_open;
    ASSERT_TRUE(runner->Start().has_value());
  }
  void Use(const ProcessKey& key, uint64_t ms, uint64_t cgroup = kHostCgroup) {
    cpu->next.tasks.push_back({key, cgroup, 0, Milliseconds(ms)});
    busy_ms += ms;
  }
  void End(const ProcessKey& key) { cpu->next.ended.push_back(key); }
  void Name(const ProcessKey& key, const std::string& comm, const std::string& exec_path) {
    cpu->next.names.push_back({key, comm, exec_path});
  }
  // Lets `seconds` pass in which as many joules a second are used as milliseconds of CPU time, all of it active: the
  // first zone then costs 1 J a ms, the second a tenth.
  std::shared_ptr<const Snapshot> Run(uint64_t seconds = 1) {
    clock.Advance(Seconds(seconds));
    for (const cpu::UnassignedTime& unassigned : cpu->next.unassigned) busy_ms += unassigned.time.value / 1'000'000;
    meter->flow[0] += Joules(busy_ms);
    meter->flow[1] += Joules(busy_ms) / 10;
    cpu->next.sockets = {{0, Milliseconds(busy_ms), {}}};
    std::shared_ptr<const Snapshot> snapshot = runner->RunEpoch();
    if (snapshot == nullptr) return nullptr;
    busy_ms = 0;
    EXPECT_TRUE(CheckSums(*snapshot));
    return snapshot;
  }
  static bool CheckSums(const Snapshot& snapshot) {
    for (size_t s = 0; s < snapshot.zones.size(); ++s) {
      Microjoules sum = snapshot.processes.rest()[s].unlisted.energy;
      for (size_t i = 0; i < snapshot.processes.size(); ++i) {
        sum += snapshot.processes.At(i, s).energy;
      }
      const ZoneFigures& zone = snapshot.zones[s].figures;
      if (sum != zone.active.energy || zone.all.energy != zone.active.energy + zone.idle.energy) return false;
    }
    return true;
  }
  // "comm state joules" of each listed process; the id in place of comm for others.
  static std::vector<std::string> Processes(const Snapshot& snapshot) {
    std::vector<std::string> lines;
    for (size_t i = 0; i < snapshot.processes.size(); ++i) {
      lines.push_back(Line(snapshot.processes, i, snapshot.processes[i].labels->comm));
    }
    return lines;
  }
  static std::vector<std::string> Containers(const Snapshot& snapshot) { return Groups(snapshot.containers); }
  static std::vector<std::string> Vms(const Snapshot& snapshot) { return Groups(snapshot.vms); }
  static std::vector<std::string> Pods(const Snapshot& snapshot) { return Groups(snapshot.pods); }
  template <typename Labels>
  static std::vector<std::string> Groups(const WorkloadList<Labels>& list) {
    std::vector<std::string> lines;
    for (size_t i = 0; i < list.size(); ++i) lines.push_back(Line(list, i, list[i].labels->id));
    return lines;
  }
  // The level's; an empty one if it has none.
  static const GroupList& GroupListOf(const Snapshot& snapshot, std::string_view level) {
    static const GroupList none;
    for (const GroupList& list : snapshot.groups) {
      if (list.level == level) return list;
    }
    return none;
  }
  // "values... joules" of each group of a level.
  static std::vector<std::string> GroupsOf(const Snapshot& snapshot, std::string_view level) {
    const GroupList& list = GroupListOf(snapshot, level);
    std::vector<std::string> lines;
    for (size_t i = 0; i < list.groups.size(); ++i) {
      std::string& line = lines.emplace_back();
      for (const std::string& value : list.groups[i].labels->values) line += value + " ";
      line += std::to_string(list.groups.At(i, 0).energy.value / 1'000'000);
    }
    return lines;
  }
  static Microjoules RestOf(const Snapshot& snapshot, std::string_view level) {
    return GroupListOf(snapshot, level).groups.rest()[0].unlisted.energy;
  }
  template <typename Labels>
  static std::string Line(const WorkloadList<Labels>& list, size_t i, const std::string& name) {
    const bool runs = list[i].state == WorkloadState::kRunning;
    return name + (runs ? " running " : " terminated ") + std::to_string(list.At(i, 0).energy.value / 1'000'000);
  }
  static uint64_t UnlistedJoules(const Snapshot& snapshot) {
    return snapshot.processes.rest()[0].unlisted.energy.value / 1'000'000;
  }

  FakeClock clock;
  std::vector<energy::Zone> zones = {{"package", "/p", 0}, {"dram", "/d", 0}};
  cpu::CpuTimeEpoch before_open;
  FakeCpuTimeSource* cpu = nullptr;
  FakeEnergyMeter* meter = nullptr;
  FakeWorkloadResolver* resolver = nullptr;
  std::optional<EpochRunner> runner;
  uint64_t busy_ms = 0;
  const ProcessKey web{100, 1}, job{200, 2}, batch{300, 3};
};

}  // namespace brahe::monitor
