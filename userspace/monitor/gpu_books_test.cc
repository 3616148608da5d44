#include "userspace/monitor/gpu_books.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/protobuf_writer.h"
#include "userspace/monitor/epoch_runner_fixture.h"
#include "userspace/monitor/gpu_books_state.h"
#include "userspace/monitor/gpu_figures.h"

namespace brahe::monitor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Cards that a test says all of.
class FakeGpuMeter final : public gpu::GpuMeter {
 public:
  void Ask() override { ++asked; }
  std::vector<gpu::CardReading> Take() override { return next; }

  int asked = 0;
  std::vector<gpu::CardReading> next;
};

// Epochs of processes that use CPU time, as the books of GPUs see them, with an idle power of 10 W.
class GpuBooksTest : public EpochRunnerTest {
 protected:
  void OpenWithGpus(EndedPolicy policy = {.max_listed = 10, .min_energy = Joules(1), .retention = Seconds(120)}) {
    MonitorParts parts;
    parts.cpu_time.reset(cpu = new FakeCpuTimeSource(clock));
    parts.energy.reset(meter = new FakeEnergyMeter(zones));
    parts.workloads.reset(resolver = new FakeWorkloadResolver);
    parts.gpus.reset(gpus = new FakeGpuMeter);
    parts.gpu_idle_power = Watts(10);
    resolver->containers = {{kCgroupA, {"aaa", "docker", ""}}, {kCgroupB, {"bbb", "crio", "pod"}}};
    resolver->pods = {{"bbb", {{"pod", "shop", "prod"}, "web"}}};
    runner.emplace(std::move(parts), policy, clock);
    ASSERT_TRUE(runner->Start().has_value());
    EXPECT_EQ(gpus->asked, 1) << "what was used before the first epoch is known";
    Name(web, "web", "/web");
    Name(job, "job", "/job");
    Name(batch, "batch", "/batch");
  }
  static gpu::CardReading Card(uint32_t index, std::optional<Microjoules> used, std::vector<gpu::CardUse> users) {
    return {.names = {.index = index, .uuid = "GPU-" + std::to_string(index), .name = "Alpha"},
            .source = gpu::CardSource::kCounter,
            .used = used,
            .time = Seconds(1),
            .in_use = true,
            .users = std::move(users)};
  }
  // One epoch of a second in which the cards read so.
  std::shared_ptr<const GpuFigures> RunGpus(std::vector<gpu::CardReading> cards) {
    gpus->next = std::move(cards);
    last = Run();
    if (last->gpus != nullptr) ExpectSums(*last->gpus);
    return last->gpus;
  }
  static Microjoules Sum(const auto& level) {
    Microjoules sum = level.rest.unlisted.energy + level.rest.pending;
    for (const auto& user : level.users) sum += user.figure.energy;
    return sum;
  }
  static void ExpectSums(const GpuFigures& figures) {
    Microjoules active;
    for (const CardFigures& card : figures.cards) {
      EXPECT_EQ(card.figures.all.energy, card.figures.active.energy + card.figures.idle.energy);
      active += card.figures.active.energy;
    }
    EXPECT_EQ(Sum(figures.processes), active);
    EXPECT_EQ(Sum(figures.containers), active);
    EXPECT_EQ(Sum(figures.pods), active);
  }
  static std::string Show(const auto& user, const std::string& name) {
    return name + (user.state == WorkloadState::kRunning ? " running " : " terminated ") +
           std::to_string(user.figure.energy.value / 1'000'000) + " J " +
           (user.figure.power ? std::to_string(user.figure.power->value / 1'000'000) + " W" : "?");
  }
  static std::vector<std::string> GpuProcesses(const GpuFigures& figures) {
    std::vector<std::string> lines;
    for (const auto& user : figures.processes.users) lines.push_back(Show(user, user.labels->comm));
    return lines;
  }
  static std::vector<std::string> IdsOf(const auto& level) {
    std::vector<std::string> lines;
    for (const auto& user : level.users) lines.push_back(Show(user, user.labels->id));
    return lines;
  }

  static GpuBooksState ThroughAFile(const GpuBooksState& state) {
    std::string message;
    ProtobufWriter writer(message);
    WriteGpuBooksState(state, writer);
    const auto read = ReadGpuBooksState(message);
    EXPECT_TRUE(read);
    return *read;
  }
  static void ExpectSame(const EnergyFigure& a, const EnergyFigure& b) {
    EXPECT_EQ(a.energy, b.energy);
    EXPECT_EQ(a.power, b.power);
  }
  static void ExpectSameLevel(const auto& a, const auto& b) {
    ExpectSame(a.rest.unlisted, b.rest.unlisted);
    EXPECT_EQ(a.rest.pending, b.rest.pending);
    ASSERT_EQ(a.users.size(), b.users.size());
    for (size_t i = 0; i < a.users.size(); ++i) {
      EXPECT_EQ(*a.users[i].labels, *b.users[i].labels);
      EXPECT_EQ(a.users[i].state, b.users[i].state);
      EXPECT_EQ(a.users[i].since, b.users[i].since);
      ExpectSame(a.users[i].figure, b.users[i].figure);
    }
  }
  static void ExpectSame(const GpuFigures& a, const GpuFigures& b) {
    ASSERT_EQ(a.cards.size(), b.cards.size());
    for (size_t i = 0; i < a.cards.size(); ++i) {
      EXPECT_EQ(a.cards[i].names, b.cards[i].names);
      EXPECT_EQ(a.cards[i].source, b.cards[i].source);
      ExpectSame(a.cards[i].figures.all, b.cards[i].figures.all);
      ExpectSame(a.cards[i].figures.active, b.cards[i].figures.active);
      ExpectSame(a.cards[i].figures.idle, b.cards[i].figures.idle);
    }
    ExpectSameLevel(a.processes, b.processes);
    ExpectSameLevel(a.containers, b.containers);
    ExpectSameLevel(a.pods, b.pods);
  }

  FakeGpuMeter* gpus = nullptr;
  std::shared_ptr<const Snapshot> last;
};

TEST_F(GpuBooksTest, WithoutACardThereAreNoBooks) {
  OpenWithGpus();
  Use(web, 1);
  EXPECT_EQ(RunGpus({}), nullptr);
}

TEST_F(GpuBooksTest, ActiveEnergyIsItsUsersContainersAndPods) {
  OpenWithGpus();
  Use(web, 1, kCgroupB);
  Use(job, 1, kCgroupA);
  Use(batch, 1);
  const auto figures = RunGpus({Card(0, Joules(110), {{100, 3}, {200, 1}}), Card(1, Joules(30), {{100, 1}, {300, 1}})});
  EXPECT_EQ(figures->cards[0].figures.all.energy, Joules(110));
  EXPECT_EQ(figures->cards[0].figures.idle.energy, Joules(10));
  EXPECT_EQ(figures->cards[0].figures.active.power, Watts(100));
  EXPECT_THAT(GpuProcesses(*figures),
              ElementsAre("web running 85 J 85 W", "job running 25 J 25 W", "batch running 10 J 10 W"));
  EXPECT_THAT(IdsOf(figures->containers), ElementsAre("aaa running 25 J 25 W", "bbb running 85 J 85 W"));
  EXPECT_THAT(IdsOf(figures->pods), ElementsAre("pod running 85 J 85 W"));
  EXPECT_EQ(figures->processes.rest.unlisted.energy, Joules(0));
  EXPECT_EQ(figures->containers.rest.unlisted.energy, Joules(10));
  EXPECT_EQ(figures->containers.rest.unlisted.power, Watts(10));
}

TEST_F(GpuBooksTest, WhatNobodyIsKnownForIsUnlisted) {
  OpenWithGpus();
  Use(web, 1);
  const auto figures = RunGpus({Card(0, Joules(110), {}), Card(1, Joules(30), {{77, 1}})});
  EXPECT_THAT(GpuProcesses(*figures), IsEmpty());
  EXPECT_EQ(figures->processes.rest.unlisted.energy, Joules(120));
}

TEST_F(GpuBooksTest, ACardThatCannotBeReadLeavesItsNeighboursFigures) {
  OpenWithGpus();
  Use(web, 1);
  Use(job, 1);
  RunGpus({Card(0, Joules(110), {{100, 1}}), Card(1, Joules(30), {{200, 1}})});
  const auto figures = RunGpus({Card(0, std::nullopt, {}), Card(1, Joules(50), {{200, 1}})});
  EXPECT_THAT(GpuProcesses(*figures), ElementsAre("web running 100 J ?", "job running 60 J 40 W"));
  EXPECT_EQ(figures->cards[0].figures.all.energy, Joules(110)) << "it stays where it was";
  EXPECT_EQ(figures->cards[0].figures.all.power, std::nullopt);
  EXPECT_EQ(figures->processes.rest.unlisted.power, std::nullopt);
}

TEST_F(GpuBooksTest, AnEndedProcessIsListedAsLongAsItIsForItsCpuTimeAndItsContainerKeepsItsEnergy) {
  OpenWithGpus();
  Use(web, 5, kCgroupB);
  Use(job, 1, kCgroupB);
  RunGpus({Card(0, Joules(110), {{100, 1}})});
  Use(web, 5, kCgroupB);
  End(web);
  auto figures = RunGpus({Card(0, Joules(60), {{100, 1}})});
  EXPECT_THAT(GpuProcesses(*figures), ElementsAre("web terminated 150 J 50 W"));
  clock.Advance(Seconds(200));
  Use(job, 1, kCgroupB);
  figures = RunGpus({Card(0, Joules(10), {})});
  EXPECT_THAT(GpuProcesses(*figures), IsEmpty());
  EXPECT_EQ(figures->processes.rest.unlisted.energy, Joules(150));
  EXPECT_THAT(IdsOf(figures->pods), ElementsAre("pod running 150 J 0 W"));
}

TEST_F(GpuBooksTest, WhatAProcessUsedInItsLastEpochIsItsContainersThoughItIsNotListed) {
  OpenWithGpus({.max_listed = 0, .min_energy = Joules(1), .retention = Seconds(120)});
  Use(web, 5, kCgroupB);
  Use(job, 1, kCgroupB);
  RunGpus({Card(0, Joules(110), {{100, 1}})});
  Use(web, 5, kCgroupB);
  Use(job, 1, kCgroupB);
  End(web);
  const auto figures = RunGpus({Card(0, Joules(60), {{100, 1}})});
  EXPECT_THAT(GpuProcesses(*figures), IsEmpty());
  EXPECT_EQ(figures->processes.rest.unlisted.energy, Joules(150));
  EXPECT_THAT(IdsOf(figures->containers), ElementsAre("bbb running 150 J 50 W"));
}

TEST_F(GpuBooksTest, APidThatComesAgainIsAnotherProcess) {
  OpenWithGpus();
  Use(web, 5);
  RunGpus({Card(0, Joules(110), {{100, 1}})});
  End(web);
  const ProcessKey again{100, 9};
  Name(again, "again", "/again");
  Use(again, 5);
  const auto figures = RunGpus({Card(0, Joules(60), {{100, 1}})});
  EXPECT_THAT(GpuProcesses(*figures), ElementsAre("web terminated 100 J 0 W", "again running 50 J 50 W"));
}

// Any comings and goings: the sums hold in each epoch, and no counter falls. Books that are made anew after each epoch,
// by what those before them knew, have the same figures.
TEST_F(GpuBooksTest, SumsHoldAndCountersNeverFallWhateverHappens) {
  OpenWithGpus({.max_listed = 3, .min_energy = Joules(2), .retention = Seconds(3)});
  std::mt19937_64 random(4711);
  const auto below = [&](uint64_t n) { return random() % n; };
  std::map<uint32_t, ProcessKey> living;
  std::map<std::string, uint64_t> before;
  uint64_t starts = 0;
  auto restarted = std::make_unique<GpuBooks>(Watts(10));
  for (int epoch = 0; epoch < 400; ++epoch) {
    for (uint32_t pid = 1; pid <= 8; ++pid) {
      if (!living.contains(pid) && below(3) == 0) {
        living[pid] = {pid, ++starts};
        Name(living[pid], "p" + std::to_string(starts % 3), "/p");
      }
      if (!living.contains(pid)) continue;
      if (below(2) == 0)
        Use(living[pid], 1 + below(4), std::vector<uint64_t>{kHostCgroup, kCgroupA, kCgroupB}[below(3)]);
      if (below(6) == 0) {
        End(living[pid]);
        living.erase(pid);
      }
    }
    std::vector<gpu::CardReading> cards;
    for (uint32_t index = 0; index < 3; ++index) {
      std::vector<gpu::CardUse> users;
      for (uint32_t pid = 1; pid <= 9; ++pid) {
        if (below(3) == 0) users.push_back({pid, below(100)});
      }
      const bool known = below(5) != 0;
      cards.push_back(Card(index, known ? std::optional(Microjoules{below(90'000'000)}) : std::nullopt, users));
    }
    const auto figures = RunGpus(cards);
    ExpectSame(*restarted->Post(cards, *last), *figures);
    const GpuBooksState state = ThroughAFile(restarted->State());
    restarted = std::make_unique<GpuBooks>(Watts(10));
    restarted->Resume(state, *last);
    ASSERT_EQ(restarted->State(), state);
    std::map<std::string, uint64_t> now;
    for (const CardFigures& card : figures->cards) {
      now["card all " + card.names.uuid] = card.figures.all.energy.value;
      now["card active " + card.names.uuid] = card.figures.active.energy.value;
    }
    now["processes"] = figures->processes.rest.unlisted.energy.value;
    now["containers"] = figures->containers.rest.unlisted.energy.value;
    now["pods"] = figures->pods.rest.unlisted.energy.value;
    for (const auto& user : figures->processes.users) {
      const std::string state = user.state == WorkloadState::kRunning ? " running" : " terminated";
      now["process " + std::to_string(user.labels->pid) + user.labels->comm + user.labels->container_id.str() +
          state] += user.figure.energy.value;
    }
    for (const auto& user : figures->containers.users) now["container " + user.labels->id] = user.figure.energy.value;
    for (const auto& [name, value] : now) {
      const auto last_value = before.find(name);
      EXPECT_GE(value, last_value == before.end() ? 0 : last_value->second) << name << " in epoch " << epoch;
    }
    before = now;
  }
}

TEST_F(GpuBooksTest, WhatAProcessUsedThatTheListsDoNotNameIsUnlisted) {
  OpenWithGpus();
  Use(web, 1, kCgroupA);
  RunGpus({Card(0, Joules(110), {{100, 1}})});
  GpuBooks books(Watts(10));
  books.Post({Card(0, Joules(110), {{100, 1}})}, *last);
  GpuBooksState state = books.State();
  ASSERT_EQ(state.processes.size(), 1U);
  state.processes[0].serial += 1000;
  GpuBooks resumed(Watts(10));
  resumed.Resume(state, *last);
  const auto figures = resumed.Post({}, *last);
  ExpectSums(*figures);
  EXPECT_EQ(figures->processes.rest.unlisted.energy, Joules(100));
  EXPECT_THAT(IdsOf(figures->containers), ElementsAre("aaa running 100 J ?"));
}

}  // namespace
}  // namespace brahe::monitor
