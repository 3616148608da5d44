#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "userspace/base/fake_clock.h"
#include "userspace/monitor/epoch_runner.h"
#include "userspace/monitor/fakes.h"

namespace brahe::monitor {
namespace {

// Lists few, so that most are dropped; and lists all for ever, so that all sums can be seen.
constexpr EndedPolicy kListsFew = {.max_listed = 5, .min_energy = Joules(1), .retention = Seconds(6)};
constexpr EndedPolicy kListsAll = {.max_listed = -1, .min_energy = {}, .retention = Seconds(1'000'000)};

// What a list said of each of its workloads, by id.
struct Seen {
  std::vector<Microjoules> energies;
  std::vector<std::optional<Microwatts>> powers;
  Nanoseconds cpu_time;
  bool runs = false;
};
using SeenById = std::map<std::string, Seen>;

template <typename Labels, typename IdOf>
void Look(const WorkloadList<Labels>& list, size_t zones, const IdOf& id_of, SeenById& seen) {
  for (size_t i = 0; i < list.size(); ++i) {
    const Workload<Labels>& item = list[i];
    const auto [it, added] = seen.try_emplace(id_of(*item.labels));
    ASSERT_TRUE(added) << it->first << " is listed twice";
    for (size_t z = 0; z < zones; ++z) {
      it->second.energies.push_back(list.At(i, z).energy);
      it->second.powers.push_back(list.At(i, z).power);
    }
    it->second.cpu_time = item.cpu_time;
    it->second.runs = item.state == WorkloadState::kRunning;
  }
}

// Random lives of processes in random containers, pods and virtual machines, on two sockets with zones that fail,
// epochs that fail, leaves that come late and names that are known late, and what must be true of every snapshot.
class EpochRunnerPropertyTest : public testing::Test {
 protected:
  void Open(const EndedPolicy& ended_policy) {
    policy = ended_policy;
    MakeRunner();
    // Two cgroups a container: box5 and box6 tell their pod in their path, of box7 it is known later, box8 has none.
    resolver->knows_pods = true;
    const std::string pods[] = {"pod1", "pod2", "", ""};
    for (uint64_t cgroup = 10; cgroup < 18; ++cgroup) {
      resolver->containers[cgroup] = {BoxOf(cgroup), "docker", pods[(cgroup - 10) / 2]};
      if (cgroup % 3 == 0) resolver->cgroup_facts[cgroup].unit = "unit" + std::to_string(cgroup % 2);
    }
    EXPECT_TRUE(runner->Start().has_value());
    flowed.resize(4);
  }

  void MakeRunner() {
    MonitorParts parts;
    parts.cpu_time = std::make_unique<LentCpuTimeSource>(*cpu);
    parts.energy = std::make_unique<LentEnergyMeter>(*meter);
    parts.workloads = std::make_unique<LentWorkloadResolver>(*resolver);
    runner.emplace(std::move(parts), policy, clock);
  }

  // Another runner goes on from what is kept of the last epoch.
  void Restart() {
    EpochState kept = runner->State(before);
    AddListed(*kept.snapshot, kept.books);
    std::string message;
    ProtobufWriter writer(message);
    WriteBooks(kept.books, writer);
    auto books = ReadBooks(message);
    ASSERT_TRUE(books.has_value()) << books.error().message;
    MakeRunner();
    const auto resumed = runner->Resume({.books = *std::move(books), .gap_is_counted = true});
    ASSERT_TRUE(resumed.has_value());
    ASSERT_EQ(*resumed, before->time);
    just_ended.clear();  // that they have ended is forgotten
    ++restarts;
  }

  uint64_t Below(uint64_t n) { return random() % n; }
  static std::string BoxOf(uint64_t cgroup) { return cgroup < 10 ? "" : "box" + std::to_string(cgroup / 2); }

  void Live() {
    for (uint64_t i = Below(4); i > 0; --i) {
      alive.push_back({static_cast<uint32_t>(1 + Below(12)), ++last_start});
      if (Below(2) == 0) Exec(alive.back());
    }
    std::set<std::tuple<ProcessKey, uint64_t, uint32_t>> used;
    const auto use = [&](const ProcessKey& key) {
      const uint64_t cgroup = 8 + Below(10);
      const auto socket = static_cast<uint32_t>(Below(2));
      if (!used.emplace(key, cgroup, socket).second) return;
      const Nanoseconds time{1 + Below(400'000'000)};
      cpu->next.tasks.push_back({key, cgroup, socket, time});
      times[key] += time;
      box_times[BoxOf(cgroup)] += time;
    };
    for (const ProcessKey& key : alive) {
      for (uint64_t i = Below(3); i > 0; --i) use(key);
      cpu->next.names.push_back({key, NameOf(key), ""});
      if (Below(10) == 0) Exec(key);
    }
    if (!just_ended.empty() && Below(3) == 0) use(just_ended[Below(just_ended.size())]);
    just_ended.clear();
    std::erase_if(alive, [&](const ProcessKey& key) {
      if (Below(4) != 0) return false;
      cpu->next.ended.push_back(key);
      just_ended.push_back(key);
      return true;
    });
    if (Below(4) == 0) {
      const cpu::UnassignedTime time{8 + Below(10), 0, {1 + Below(1'000'000)}};
      cpu->next.unassigned.push_back(time);
      box_times[BoxOf(time.cgroup_id)] += time.time;
    }
    cpu->next.sockets = {{0, Seconds(1 + Below(4)), {Below(2'000'000'000)}}, {1, Seconds(4), {Below(4'000'000'000)}}};
  }

  // Into a virtual machine, into another, or out of one.
  void Exec(const ProcessKey& key) {
    cpu->next.names.push_back({key, NameOf(key), "/bin/" + std::to_string(++execs)});
    workload::ProcessFacts facts{NameOf(key), "/bin/" + std::to_string(Below(4)), std::nullopt};
    if (Below(2) == 0) facts.uid = static_cast<uint32_t>(Below(3));
    if (const uint64_t vm = Below(5); vm < 3) {
      facts.vm = {"vm" + std::to_string(vm), Below(2) == 0 ? "" : "guest" + std::to_string(execs), "kvm"};
    }
    resolver->facts[key] = facts;
  }

  // Names come to be known, and cgroups to be populated by processes that are never seen.
  void ChangeSurroundings() {
    const std::string box = "box" + std::to_string(5 + Below(3));
    const std::string pod = "pod" + std::to_string(1 + Below(2));
    if (Below(10) == 0) {
      workload::Pod facts{pod, "name of " + pod, "ns of " + pod};
      facts.owner_kind = "Job", facts.owner_name = "owner";
      resolver->pods[box] = {facts, "name of " + box};
    }
    resolver->populated[10 + Below(8)] = Below(2) == 0;
    resolver->populated_pods.clear();
    if (Below(2) == 0) resolver->populated_pods.insert(pod);
  }

  void LetEnergyFlow(bool all_readable) {
    for (size_t z = 0; z < flowed.size(); ++z) {
      const Microjoules energy{Below(5) == 0 ? Below(3) : Below(40'000'000)};
      meter->flow[z] += energy;
      flowed[z] += energy;
      meter->unreadable[z] = !all_readable && Below(8) == 0;
    }
    if (Below(3) == 0) runner->Sample();
  }

  static std::string NameOf(const ProcessKey& key) {
    return std::to_string(key.pid) + "/" + std::to_string(key.start_ns);
  }

  void CheckZones(const Snapshot& s) {
    std::vector<Microjoules> sums, socket_sums(s.zones.size());
    for (const ListRest& rest : s.processes.rest()) sums.push_back(rest.unlisted.energy + rest.pending);
    for (size_t i = 0; i < s.processes.size(); ++i) {
      for (size_t z = 0; z < s.zones.size(); ++z) sums[z] += s.processes.At(i, z).energy;
    }
    for (size_t z = 0; z < s.zones.size(); ++z) {
      const ZoneFigures& zone = s.zones[z].figures;
      ASSERT_EQ(sums[z], zone.active.energy) << s.zones[z].name;
      const auto listed_power = s.processes.PowerSum(z);
      ASSERT_EQ(listed_power.has_value(), zone.active.power.has_value());
      if (listed_power) {
        ASSERT_EQ(*listed_power + *s.processes.rest()[z].unlisted.power, *zone.active.power);
      }
      ASSERT_EQ(zone.all.energy, zone.active.energy + zone.idle.energy);
      if (before == nullptr) continue;
      ASSERT_GE(s.processes.rest()[z].unlisted.energy, before->processes.rest()[z].unlisted.energy);
      ASSERT_GE(zone.active.energy, before->zones[z].figures.active.energy);
      ASSERT_GE(zone.idle.energy, before->zones[z].figures.idle.energy);
    }
  }

  // Of any level: what is listed, what is not and what is yet to be is all that was active; only the latter goes down.
  template <typename Labels>
  static void CheckRest(const Snapshot& s, const WorkloadList<Labels>& list, const WorkloadList<Labels>* then) {
    ASSERT_EQ(list.rest().size(), s.zones.size());
    for (size_t z = 0; z < s.zones.size(); ++z) {
      const EnergyFigure& active = s.zones[z].figures.active;
      const ListRest& rest = list.rest()[z];
      ASSERT_EQ(list.Sum(z) + rest.unlisted.energy + rest.pending, active.energy);
      ASSERT_LE(rest.unlisted.energy, active.energy);
      if (then != nullptr) {
        ASSERT_GE(rest.unlisted.energy, then->rest()[z].unlisted.energy);
      }
      ASSERT_EQ(rest.unlisted.power.has_value(), active.power.has_value());
      if (active.power) {
        ASSERT_EQ(*list.PowerSum(z) + *rest.unlisted.power, *active.power);
      }
    }
  }

  void CheckGroups(const Snapshot& s) {
    for (const GroupList& list : s.groups) {
      const WorkloadList<GroupLabels>* then = nullptr;
      for (size_t i = 0; before != nullptr && i < before->groups.size(); ++i) {
        if (before->groups[i].level == list.level) then = &before->groups[i].groups;
      }
      ASSERT_NO_FATAL_FAILURE(CheckRest(s, list.groups, then)) << list.level;
      for (size_t i = 0; then != nullptr && i < then->size(); ++i) {
        ASSERT_EQ(*list.groups[i].labels, *(*then)[i].labels) << "a group does not end";
        ASSERT_GE(list.groups.At(i, 0).energy, then->At(i, 0).energy);
        ASSERT_GE(list.groups[i].cpu_time, (*then)[i].cpu_time);
      }
    }
  }

  void CheckRests(const Snapshot& s) {
    CheckRest(s, s.containers, before != nullptr ? &before->containers : nullptr);
    CheckRest(s, s.vms, before != nullptr ? &before->vms : nullptr);
    CheckRest(s, s.pods, before != nullptr ? &before->pods : nullptr);
    CheckGroups(s);
  }

  // Of any level: nothing goes down, and of those that have ended no more are listed than may be.
  void CheckLevel(const SeenById& now, const SeenById& then) const {
    int64_t terminated = 0;
    for (const auto& [id, seen] : now) {
      terminated += seen.runs ? 0 : 1;
      const auto it = then.find(id);
      if (it == then.end()) continue;
      ASSERT_GE(seen.cpu_time, it->second.cpu_time) << id;
      for (size_t z = 0; z < seen.energies.size(); ++z) ASSERT_GE(seen.energies[z], it->second.energies[z]) << id;
    }
    if (policy.max_listed >= 0) {
      ASSERT_LE(terminated, policy.max_listed);
    }
  }

  // A workload has power exactly in the epochs in which it gains energy, and known power where its zone has.
  static void CheckPower(const Snapshot& s, const SeenById& now, const SeenById& then) {
    constexpr Microjoules kSome{100};  // more than what a mean over several seconds is rounded down from to 0
    for (const auto& [id, seen] : now) {
      Seen gain;
      AddGain(seen, then, id, gain);
      for (size_t z = 0; z < s.zones.size(); ++z) {
        const auto power = seen.powers[z];
        ASSERT_EQ(power.has_value(), s.zones[z].figures.all.power.has_value()) << id;
        if (!power) continue;
        if (gain.energies[z] == Microjoules{}) {
          ASSERT_EQ(*power, Microwatts{}) << id;
        }
        if (gain.energies[z] > kSome && then.contains(id)) {  // a new one may have waited for its names
          ASSERT_GT(*power, Microwatts{}) << id;
        }
      }
    }
  }

  void CheckProcesses(const SeenById& now) {
    for (const ProcessKey& key : alive) ASSERT_EQ(now.contains(NameOf(key)), times.contains(key)) << NameOf(key);
    for (const auto& [key, time] : times) {
      const auto it = now.find(NameOf(key));
      if (it != now.end()) {
        ASSERT_EQ(it->second.cpu_time, time) << it->first;
      }
    }
    for (const auto& [name, seen] : now) ASSERT_FALSE(gone.contains(name)) << name << " is listed again";
    for (const auto& [name, seen] : processes) {
      if (!now.contains(name)) gone.insert(name);
    }
  }

  // A virtual machine runs as long as a process does that is labelled with it, and gains what these gain.
  void CheckVms(const Snapshot& s, const SeenById& now, const SeenById& vms_now) {
    SeenById gains;
    for (const Workload<ProcessLabels>& item : s.processes) {
      const ProcessLabels& labels = *item.labels;
      ASSERT_EQ(labels.type == "vm", !labels.vm_id.empty());
      if (labels.vm_id.empty()) continue;
      gains[labels.vm_id.str()].runs |= item.state == WorkloadState::kRunning;
      AddGain(now.at(labels.comm), processes, labels.comm, gains[labels.vm_id.str()]);
    }
    for (const auto& [id, gain] : gains) ASSERT_TRUE(!gain.runs || vms_now.contains(id)) << id;
    for (const auto& [id, seen] : vms_now) {
      ASSERT_EQ(seen.runs, gains[id].runs) << id;
      gains[id].energies.resize(s.zones.size());  // of one that all processes have left
      Seen gain;
      AddGain(seen, vms, id, gain);
      if (lists_all()) {
        ASSERT_EQ(gain.energies, gains[id].energies) << id;
      }
      if (lists_all()) {
        ASSERT_EQ(gain.cpu_time, gains[id].cpu_time) << id;
      }
    }
  }

  static void AddGain(const Seen& now, const SeenById& then, const std::string& id, Seen& gain) {
    gain.energies.resize(now.energies.size());
    const auto it = then.find(id);
    for (size_t z = 0; z < now.energies.size(); ++z) {
      gain.energies[z] += it == then.end() ? now.energies[z] : now.energies[z] - it->second.energies[z];
    }
    gain.cpu_time += it == then.end() ? now.cpu_time : now.cpu_time - it->second.cpu_time;
  }

  // A pod has what its containers have, but for what one had used that was listed before it was known to be its own,
  // and runs if one of them does or it is populated.
  void CheckPods(const Snapshot& s, const SeenById& now, const SeenById& pods_now) {
    SeenById sums;
    for (const Workload<ContainerLabels>& item : s.containers) {
      const ContainerLabels& labels = *item.labels;
      ASSERT_TRUE(labels.name.empty() || labels.name == "name of " + labels.id);
      if (labels.pod_id.empty()) continue;
      sums[labels.pod_id].runs |= item.state == WorkloadState::kRunning;
      AddGain(now.at(labels.id), {}, labels.id, sums[labels.pod_id]);
      if (listed_without_pod.contains(labels.id)) late_pods.insert(labels.pod_id);
    }
    for (const Workload<ContainerLabels>& item : s.containers) {
      if (item.labels->pod_id.empty()) listed_without_pod.insert(item.labels->id);
    }
    for (const auto& [id, seen] : pods_now) ASSERT_TRUE(seen.runs || !sums[id].runs) << id;
    for (const auto& [id, sum] : sums) {
      if (!pods_now.contains(id) && s.epoch <= kGraceEpochs) continue;
      if (sum.runs) {
        ASSERT_TRUE(pods_now.contains(id)) << id;
      }
      if (!lists_all() || late_pods.contains(id)) continue;
      const Seen& pod = pods_now.at(id);
      if (s.epoch <= kGraceEpochs) {
        // A container that waits for its name is not listed, and its pod has what it used.
        for (size_t z = 0; z < s.zones.size(); ++z) ASSERT_GE(pod.energies[z], sum.energies[z]) << id;
        ASSERT_GE(pod.cpu_time, sum.cpu_time) << id;
        continue;
      }
      ASSERT_EQ(pod.energies, sum.energies) << id;
      ASSERT_EQ(pod.cpu_time, sum.cpu_time) << id;
    }
  }

  void CheckWorkloads(const Snapshot& s) {
    SeenById processes_now, containers_now, vms_now, pods_now;
    const auto id = [](const auto& labels) { return labels.id; };
    Look(
        s.processes, s.zones.size(), [](const ProcessLabels& labels) { return labels.comm; }, processes_now);
    Look(s.containers, s.zones.size(), id, containers_now);
    Look(s.vms, s.zones.size(), id, vms_now);
    Look(s.pods, s.zones.size(), id, pods_now);
    CheckLevel(processes_now, processes);
    CheckLevel(containers_now, containers);
    CheckLevel(vms_now, vms);
    CheckLevel(pods_now, pods);
    CheckPower(s, processes_now, processes);
    CheckPower(s, containers_now, containers);
    CheckPower(s, vms_now, vms);
    CheckProcesses(processes_now);
    CheckVms(s, processes_now, vms_now);
    CheckPods(s, containers_now, pods_now);
    for (const auto& [box, seen] : containers_now) {
      if (lists_all()) {
        EXPECT_EQ(seen.cpu_time, box_times[box]) << box;
      }
    }
    processes = std::move(processes_now), containers = std::move(containers_now);
    vms = std::move(vms_now), pods = std::move(pods_now);
  }

  // Within them, names are waited for.
  static constexpr uint64_t kGraceEpochs = 20;
  [[nodiscard]] bool lists_all() const { return policy.max_listed < 0; }

  void LiveFor(int epochs) {
    for (int epoch = 1; epoch <= epochs; ++epoch) {
      const bool last = epoch == epochs;
      if (restarts_often && before != nullptr && !missed && Below(4) == 0) {
        ASSERT_NO_FATAL_FAILURE(Restart());
      }
      Live();
      ChangeSurroundings();
      LetEnergyFlow(last);
      clock.Advance(Seconds(1));
      cpu->fail_cut = !last && Below(10) == 0;
      cpu->fail_collect = !last && Below(10) == 0;
      const std::shared_ptr<const Snapshot> snapshot = runner->RunEpoch();
      ASSERT_EQ(snapshot == nullptr, cpu->fail_cut || cpu->fail_collect);
      missed = snapshot == nullptr;
      if (missed) continue;
      ASSERT_NO_FATAL_FAILURE(CheckZones(*snapshot));
      ASSERT_NO_FATAL_FAILURE(CheckRests(*snapshot));
      CheckWorkloads(*snapshot);
      ASSERT_FALSE(HasFailure()) << "epoch " << epoch;
      before = snapshot;
    }
    for (size_t z = 0; z < flowed.size(); ++z) {
      EXPECT_EQ(before->socket_zones[z].figures.all.energy, flowed[z]) << "all energy since the start is in the books";
    }
  }

  const uint64_t seed = std::random_device()();
  std::mt19937_64 random{seed};
  testing::ScopedTrace trace{__FILE__, __LINE__, testing::Message() << "seed " << seed};
  FakeClock clock;
  const std::unique_ptr<FakeCpuTimeSource> cpu = std::make_unique<FakeCpuTimeSource>(clock);
  const std::unique_ptr<FakeEnergyMeter> meter = std::make_unique<FakeEnergyMeter>(std::vector<energy::Zone>{
      {"package", "/p0", 0}, {"package", "/p1", 1}, {"dram", "/d0", 0}, {"psys", "/y", std::nullopt}});
  const std::unique_ptr<FakeWorkloadResolver> resolver = std::make_unique<FakeWorkloadResolver>();
  std::optional<EpochRunner> runner;

  EndedPolicy policy;
  bool restarts_often = false;
  int restarts = 0;

  uint64_t last_start = 0, execs = 0;
  std::vector<ProcessKey> alive, just_ended;
  std::map<ProcessKey, Nanoseconds> times;       // that a leaf was made of, whenever it is told
  std::map<std::string, Nanoseconds> box_times;  // the same by container
  std::vector<Microjoules> flowed;               // by zone
  std::shared_ptr<const Snapshot> before;
  bool missed = false;                        // the last epoch, so that there is more than `before` tells
  SeenById processes, containers, vms, pods;  // as they were listed before
  std::set<std::string> listed_without_pod;   // containers
  std::set<std::string> late_pods;            // that one of them joined
  std::set<std::string> gone;                 // processes that were listed once, and are no more
};

TEST_F(EpochRunnerPropertyTest, EverySnapshotBalancesAndNothingIsLost) {
  Open(kListsFew);
  LiveFor(1500);
  EXPECT_FALSE(gone.empty());
}

TEST_F(EpochRunnerPropertyTest, EveryLevelHasTheSumOfWhatItIsMadeOf) {
  Open(kListsAll);
  LiveFor(400);
  EXPECT_EQ(containers.size(), 4u);
  EXPECT_EQ(vms.size(), 3u);
  EXPECT_EQ(before->groups.size(), 5u) << "all levels but that of jobs";
  EXPECT_EQ(pods.size(), 2u);
}

TEST_F(EpochRunnerPropertyTest, RestartsChangeNothing) {
  restarts_often = true;
  Open(kListsFew);
  LiveFor(700);
  EXPECT_GT(restarts, 50);
  EXPECT_FALSE(gone.empty());
}

TEST_F(EpochRunnerPropertyTest, RestartsLeaveEveryLevelTheSumOfWhatItIsMadeOf) {
  restarts_often = true;
  Open(kListsAll);
  LiveFor(400);
  EXPECT_GT(restarts, 20);
  EXPECT_EQ(containers.size(), 4u);
  EXPECT_EQ(before->groups.size(), 5u) << "all levels but that of jobs";
}

}  // namespace
}  // namespace brahe::monitor
