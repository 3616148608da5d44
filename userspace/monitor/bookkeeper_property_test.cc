#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "userspace/base/fake_clock.h"
#include "userspace/monitor/bookkeeper.h"
#include "userspace/monitor/fakes.h"

namespace brahe {
namespace {

constexpr int64_t kMaxListed = 5;

// Random lives of processes in random containers, on two sockets with zones that fail, epochs that fail and leaves that
// come late, and what must be true of every snapshot.
class BookkeeperPropertyTest : public testing::Test {
 protected:
  BookkeeperPropertyTest() {
    MonitorParts parts;
    parts.cpu_time.reset(cpu = new FakeCpuTimeSource(clock));
    parts.energy.reset(
        meter = new FakeEnergyMeter(
            {{"package", "/p0", 0}, {"package", "/p1", 1}, {"dram", "/d0", 0}, {"psys", "/y", std::nullopt}}));
    parts.workloads.reset(resolver = new FakeWorkloadResolver);
    for (uint64_t cgroup = 10; cgroup < 16; ++cgroup) {
      resolver->containers[cgroup] = {"box" + std::to_string(cgroup / 2), "docker", ""};
    }
    keeper.emplace(std::move(parts),
                   EndedPolicy{.max_listed = kMaxListed, .min_energy = Joules(1), .retention = Seconds(6)}, clock);
    EXPECT_TRUE(keeper->Open().has_value());
    flowed.resize(4);
  }

  uint64_t Below(uint64_t n) { return random() % n; }

  void Live() {
    for (uint64_t i = Below(4); i > 0; --i) alive.push_back({static_cast<uint32_t>(1 + Below(12)), ++last_start});
    std::set<std::tuple<ProcessKey, uint64_t, uint32_t>> used;
    const auto use = [&](const ProcessKey& key) {
      const uint64_t cgroup = 8 + Below(8);
      const auto socket = static_cast<uint32_t>(Below(2));
      if (!used.emplace(key, cgroup, socket).second) return;
      const Nanoseconds time{1 + Below(400'000'000)};
      cpu->next.tasks.push_back({key, cgroup, socket, time});
      times[key] += time;
    };
    for (const ProcessKey& key : alive) {
      for (uint64_t i = Below(3); i > 0; --i) use(key);
      cpu->next.names.push_back({key, NameOf(key), ""});
    }
    if (!just_ended.empty() && Below(3) == 0) use(just_ended[Below(just_ended.size())]);
    just_ended.clear();
    std::erase_if(alive, [&](const ProcessKey& key) {
      if (Below(4) != 0) return false;
      cpu->next.ended.push_back(key);
      just_ended.push_back(key);
      return true;
    });
    if (Below(4) == 0) cpu->next.unassigned.push_back({8 + Below(8), 0, {1 + Below(1'000'000)}});
    cpu->next.sockets = {{0, Seconds(1 + Below(4)), {Below(2'000'000'000)}}, {1, Seconds(4), {Below(4'000'000'000)}}};
  }

  void LetEnergyFlow(bool all_readable) {
    for (size_t z = 0; z < flowed.size(); ++z) {
      const Microjoules energy{Below(5) == 0 ? Below(3) : Below(40'000'000)};
      meter->flow[z] += energy;
      flowed[z] += energy;
      meter->unreadable[z] = !all_readable && Below(8) == 0;
    }
    if (Below(3) == 0) keeper->Sample();
  }

  static std::string NameOf(const ProcessKey& key) {
    return std::to_string(key.pid) + "/" + std::to_string(key.start_ns);
  }

  void CheckZones(const Snapshot& s) {
    std::vector<Microjoules> sums = s.unlisted_processes, socket_sums(s.zones.size());
    for (size_t i = 0; i < s.processes.items.size(); ++i) {
      for (size_t z = 0; z < s.zones.size(); ++z) sums[z] += s.processes.At(i, z, s.zones.size()).energy;
    }
    for (size_t z = 0; z < s.zones.size(); ++z) {
      const ZoneFigures& zone = s.zones[z].figures;
      ASSERT_EQ(sums[z], zone.active.energy) << s.zones[z].name;
      ASSERT_EQ(zone.all.energy, zone.active.energy + zone.idle.energy);
      if (before == nullptr) continue;
      ASSERT_GE(s.unlisted_processes[z], before->unlisted_processes[z]);
      ASSERT_GE(zone.active.energy, before->zones[z].figures.active.energy);
      ASSERT_GE(zone.idle.energy, before->zones[z].figures.idle.energy);
    }
  }

  void CheckProcesses(const Snapshot& s) {
    std::map<std::string, std::vector<Microjoules>> now;
    int64_t terminated = 0;
    for (size_t i = 0; i < s.processes.items.size(); ++i) {
      const Workload<ProcessLabels>& item = s.processes.items[i];
      const std::string& name = item.labels->comm;
      ASSERT_FALSE(now.contains(name)) << name << " is listed twice";
      ASSERT_FALSE(gone.contains(name)) << name << " is listed again";
      terminated += item.state == WorkloadState::kTerminated ? 1 : 0;
      std::vector<Microjoules>& energies = now[name];
      for (size_t z = 0; z < s.zones.size(); ++z) energies.push_back(s.processes.At(i, z, s.zones.size()).energy);
      if (!listed.contains(name)) continue;
      for (size_t z = 0; z < s.zones.size(); ++z) ASSERT_GE(energies[z], listed[name][z]) << name;
    }
    ASSERT_LE(terminated, kMaxListed);
    for (const ProcessKey& key : alive) ASSERT_EQ(now.contains(NameOf(key)), times.contains(key)) << NameOf(key);
    for (const auto& [name, energies] : listed) {
      if (!now.contains(name)) gone.insert(name);
    }
    listed = std::move(now);
    for (const Workload<ProcessLabels>& item : s.processes.items) {
      const auto of_item = [&](const auto& time) { return NameOf(time.first) == item.labels->comm; };
      ASSERT_EQ(item.cpu_time, std::find_if(times.begin(), times.end(), of_item)->second) << item.labels->comm;
    }
  }

  const uint64_t seed = std::random_device()();
  std::mt19937_64 random{seed};
  testing::ScopedTrace trace{__FILE__, __LINE__, testing::Message() << "seed " << seed};
  FakeClock clock;
  FakeCpuTimeSource* cpu = nullptr;
  FakeEnergyMeter* meter = nullptr;
  FakeWorkloadResolver* resolver = nullptr;
  std::optional<Bookkeeper> keeper;

  uint64_t last_start = 0;
  std::vector<ProcessKey> alive, just_ended;
  std::map<ProcessKey, Nanoseconds> times;  // that a leaf was made of, whenever it is told
  std::vector<Microjoules> flowed;          // by zone
  std::shared_ptr<const Snapshot> before;
  std::map<std::string, std::vector<Microjoules>> listed;
  std::set<std::string> gone;  // listed once, and no more
};

TEST_F(BookkeeperPropertyTest, EverySnapshotBalancesAndNothingIsLost) {
  constexpr int kEpochs = 1500;
  for (int epoch = 1; epoch <= kEpochs; ++epoch) {
    const bool last = epoch == kEpochs;
    Live();
    LetEnergyFlow(last);
    clock.Advance(Seconds(1));
    cpu->fail_cut = !last && Below(10) == 0;
    cpu->fail_collect = !last && Below(10) == 0;
    const std::shared_ptr<const Snapshot> snapshot = keeper->RunEpoch();
    ASSERT_EQ(snapshot == nullptr, cpu->fail_cut || cpu->fail_collect);
    if (snapshot == nullptr) continue;
    ASSERT_NO_FATAL_FAILURE(CheckZones(*snapshot));
    ASSERT_NO_FATAL_FAILURE(CheckProcesses(*snapshot));
    before = snapshot;
  }
  for (size_t z = 0; z < flowed.size(); ++z) {
    EXPECT_EQ(before->socket_zones[z].figures.all.energy, flowed[z]) << "all energy since the start is in the books";
  }
  EXPECT_FALSE(gone.empty());
}

}  // namespace
}  // namespace brahe
