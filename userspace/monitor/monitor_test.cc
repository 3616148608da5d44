#include "userspace/monitor/monitor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "userspace/base/fake_clock.h"
#include "userspace/monitor/fakes.h"

namespace brahe::monitor {
namespace {

class MonitorTest : public testing::Test {
 protected:
  void Make(const MonitorOptions& options, const Clock& clock = SystemClock()) {
    MonitorParts parts;
    parts.cpu_time.reset(cpu = new FakeCpuTimeSource(clock));
    parts.energy.reset(meter = new FakeEnergyMeter({{"package", "/p", 0}}));
    parts.workloads.reset(resolver = new FakeWorkloadResolver);
    monitor = std::make_unique<Monitor>(options, std::move(parts), clock);
  }
  // Waits for what must come, however slow the machine is.
  static bool Eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 30'000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return condition();
  }
  uint64_t LatestEpoch() const {
    const auto latest = monitor->Latest();
    return latest == nullptr ? 0 : latest->epoch;
  }

  FakeClock fake_clock;
  FakeCpuTimeSource* cpu = nullptr;
  FakeEnergyMeter* meter = nullptr;
  FakeWorkloadResolver* resolver = nullptr;
  std::unique_ptr<Monitor> monitor;
};

TEST_F(MonitorTest, CutsAnEpochAtEachInterval) {
  Make({.interval = Milliseconds(5)});
  meter->read_lags = {Milliseconds(1), Milliseconds(2)};
  ASSERT_TRUE(monitor->Start().has_value());
  EXPECT_TRUE(Eventually([&] { return LatestEpoch() >= 3; }));
  monitor->Stop();
  const std::vector<EpochTiming> timings = monitor->TakeEpochTimings();
  EXPECT_GE(timings.size(), 3u);
  for (const EpochTiming& timing : timings) {
    EXPECT_TRUE(timing.delay) << "each was due";
    EXPECT_EQ(timing.read_lags, meter->read_lags);
  }
  EXPECT_TRUE(monitor->TakeEpochTimings().empty());
  EXPECT_GE(LatestEpoch(), 3u) << "snapshots outlive the thread";
  EXPECT_FALSE(monitor->Healthy());
}

TEST_F(MonitorTest, ManyWhoAskAtOnceShareOneEpoch) {
  Make({.interval = {}, .staleness = Seconds(600)});
  ASSERT_TRUE(monitor->Start().has_value());
  cpu->cut_ms = 20;
  EXPECT_EQ(monitor->Latest(), nullptr);
  std::vector<std::thread> scrapes;
  for (int i = 0; i < 20; ++i) {
    scrapes.emplace_back([&] {
      const auto snapshot = monitor->Fresh();
      ASSERT_NE(snapshot, nullptr);
      EXPECT_EQ(snapshot->epoch, 1u);
    });
  }
  for (std::thread& scrape : scrapes) scrape.join();
  monitor->Stop();
  EXPECT_EQ(cpu->cuts, 2) << "one to open the books and one for all";
  const std::vector<EpochTiming> timings = monitor->TakeEpochTimings();
  ASSERT_EQ(timings.size(), 1u);
  EXPECT_FALSE(timings[0].delay) << "it was asked for and not due";
}

TEST_F(MonitorTest, AnswersWithASnapshotThatIsNotOlderThanAllowed) {
  Make({.interval = {}, .staleness = {}});
  ASSERT_TRUE(monitor->Start().has_value());
  cpu->cut_ms = 2;
  std::vector<std::thread> scrapes;
  for (int i = 0; i < 8; ++i) {
    scrapes.emplace_back([&] {
      for (int j = 0; j < 20; ++j) {
        const Nanoseconds asked = SystemClock().Now();
        const auto snapshot = monitor->Fresh();
        ASSERT_NE(snapshot, nullptr);
        EXPECT_GE(snapshot->time, asked);
      }
    });
  }
  for (std::thread& scrape : scrapes) scrape.join();
  EXPECT_TRUE(monitor->Healthy());
}

TEST_F(MonitorTest, AFailedEpochAnswersThoseWhoAskedForIt) {
  Make({.interval = {}, .staleness = {}}, fake_clock);
  ASSERT_TRUE(monitor->Start().has_value());
  EXPECT_TRUE(monitor->Healthy());
  const auto first = monitor->Fresh();
  fake_clock.Advance(Seconds(1));
  cpu->fail_collect = true;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(monitor->Fresh(), first);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4)) << "not the longest wait";
  EXPECT_FALSE(monitor->Healthy());
  cpu->fail_collect = false;
  EXPECT_EQ(monitor->Fresh()->epoch, 2u);
  EXPECT_TRUE(monitor->Healthy());
}

TEST_F(MonitorTest, IsUnhealthyWhenThreeIntervalsPassWithoutAnEpoch) {
  Make({.interval = Seconds(3600)}, fake_clock);
  EXPECT_FALSE(monitor->Healthy());
  ASSERT_TRUE(monitor->Start().has_value());
  fake_clock.Advance(Seconds(3 * 3600));
  EXPECT_TRUE(monitor->Healthy());
  fake_clock.Advance(Nanoseconds{1});
  EXPECT_FALSE(monitor->Healthy());
  EXPECT_EQ(monitor->Fresh()->epoch, 1u);
  EXPECT_TRUE(monitor->Healthy());
}

TEST_F(MonitorTest, DoesNotMakeUpForEpochsThatWereMissed) {
  Make({.interval = Seconds(10), .staleness = Seconds(1)}, fake_clock);
  ASSERT_TRUE(monitor->Start().has_value());
  fake_clock.Advance(Seconds(95));
  monitor->Fresh();
  for (int i = 0; i < 20; ++i) {
    cpu->Wake();
    ASSERT_TRUE(Eventually([&] { return cpu->services > i; }));
  }
  EXPECT_EQ(cpu->cuts, 2);
  // The schedule has not moved: the next one is due at 100 s.
  fake_clock.Advance(Seconds(5));
  cpu->Wake();
  EXPECT_TRUE(Eventually([&] { return LatestEpoch() == 2; }));
}

TEST_F(MonitorTest, WithoutAnIntervalOnlyTheFirstEpochComesByItself) {
  Make({.interval = {}, .staleness = Seconds(600)}, fake_clock);
  ASSERT_TRUE(monitor->Start().has_value());
  const auto look = [&] {  // the thread looks at the clock anew
    const int services = cpu->services;
    cpu->Wake();
    ASSERT_TRUE(Eventually([&] { return cpu->services > services; }));
  };
  fake_clock.Advance(Milliseconds(999));
  look();
  EXPECT_EQ(LatestEpoch(), 0u);
  fake_clock.Advance(Milliseconds(1));
  look();
  EXPECT_TRUE(Eventually([&] { return LatestEpoch() == 1; }));
  for (int i = 0; i < 3; ++i) {
    fake_clock.Advance(Seconds(100));
    look();
  }
  EXPECT_EQ(cpu->cuts, 2);
}

TEST_F(MonitorTest, CutsEarlyWhenTheSourcesTablesFillUp) {
  Make({.interval = {}});
  ASSERT_TRUE(monitor->Start().has_value());
  cpu->Wake();
  ASSERT_TRUE(Eventually([&] { return cpu->services == 1; }));
  cpu->wants_epoch = true;
  cpu->Wake();
  EXPECT_TRUE(Eventually([&] { return LatestEpoch() == 1; }));
  EXPECT_EQ(cpu->cuts, 2);
}

TEST_F(MonitorTest, ReadsTheEnergyCountersBetweenEpochs) {
  Make({.interval = {}});
  meter->max_sample_interval = Milliseconds(2);
  ASSERT_TRUE(monitor->Start().has_value());
  EXPECT_TRUE(Eventually([&] { return meter->samples >= 5; }));
  EXPECT_EQ(cpu->cuts, 1);
}

// "state joules" of the only workload of a list.
template <typename Labels>
std::string Only(const WorkloadList<Labels>& list) {
  if (list.size() != 1) return std::to_string(list.size()) + " items";
  const bool runs = list[0].state == WorkloadState::kRunning;
  return (runs ? "running " : "terminated ") + std::to_string(list.At(0, 0).energy.value / 1'000'000);
}

TEST_F(MonitorTest, AScraperSeesEndedWorkloadsOfAllLevelsWhoeverElseHasSeenThem) {
  Make({.interval = {}, .staleness = {}, .terminated_retention = Seconds(120)}, fake_clock);
  const ProcessKey qemu{1, 1};
  resolver->containers[5] = {"box", "docker", "pod"};
  resolver->facts[qemu] = {"qemu", "", workload::VirtualMachine{"vm", "", "kvm"}};
  ASSERT_TRUE(monitor->Start().has_value());
  const auto scrape = [&](Nanoseconds after) {
    fake_clock.Advance(after);
    return monitor->Fresh();
  };
  const auto expect_all = [](const Snapshot& snapshot, const std::string& expected) {
    EXPECT_EQ(Only(snapshot.processes), expected);
    EXPECT_EQ(Only(snapshot.containers), expected);
    EXPECT_EQ(Only(snapshot.vms), expected);
    EXPECT_EQ(Only(snapshot.pods), expected);
  };
  cpu->next.tasks = {{qemu, 5, 0, Milliseconds(100)}};
  cpu->next.sockets = {{0, Milliseconds(100), {}}};
  meter->flow[0] = Joules(50);
  expect_all(*scrape(Seconds(1)), "running 50");
  cpu->next.ended = {qemu};
  const auto first = scrape(Seconds(1));
  expect_all(*first, "terminated 50");
  for (int other = 0; other < 119; ++other) expect_all(*scrape(Seconds(1)), "terminated 50");
  expect_all(*first, "terminated 50");
  expect_all(*scrape(Nanoseconds{999'999'999}), "terminated 50");
  expect_all(*scrape(Nanoseconds{1}), "0 items");
}

TEST_F(MonitorTest, SaysThatItIsAliveThoughThereIsNothingToDo) {
  std::atomic<int> said = 0;
  Make({.interval = Seconds(3600), .alive = [&] { ++said; }, .alive_period = Milliseconds(2)});
  ASSERT_TRUE(monitor->Start().has_value());
  EXPECT_TRUE(Eventually([&] { return said >= 5; }));
  EXPECT_EQ(LatestEpoch(), 0u);
  monitor->Stop();
}

TEST_F(MonitorTest, DoesNotSayThatItIsAliveWhileAnEpochHangs) {
  std::atomic<int> said = 0;
  Make({.interval = {}, .staleness = {}, .alive = [&] { ++said; }, .alive_period = Milliseconds(1)});
  ASSERT_TRUE(monitor->Start().has_value());
  EXPECT_TRUE(Eventually([&] { return said >= 2; }));
  cpu->cut_ms = 1000;
  std::thread scrape([&] { monitor->Fresh(); });
  EXPECT_TRUE(Eventually([&] { return cpu->cuts == 2; }));  // counted when it begins to hang
  const int before = said;
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(said, before);
  scrape.join();
  EXPECT_TRUE(Eventually([&] { return said > before; }));
  monitor->Stop();
}

TEST_F(MonitorTest, StoppingAnswersThoseWhoWait) {
  Make({.interval = {}, .staleness = {}});
  ASSERT_TRUE(monitor->Start().has_value());
  std::thread scrape([&] {
    while (monitor->Healthy()) monitor->Fresh();
  });
  EXPECT_TRUE(Eventually([&] { return LatestEpoch() >= 2; }));
  monitor->Stop();
  scrape.join();
  EXPECT_NE(monitor->Fresh(), nullptr);
}

TEST_F(MonitorTest, DoesNotStartOnASourceThatFails) {
  Make({});
  cpu->fail_cut = true;
  EXPECT_EQ(monitor->Start().error().message, "cut fails");
  EXPECT_EQ(monitor->Fresh(), nullptr);
}

// Has kept a state when a test says so.
class FakeKeeper final : public StateKeeper {
 public:
  void Keep(EpochState state, std::function<void()> done) override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(done_) << "one at a time";
    last = std::move(state);
    done_ = std::move(done);
    ++asked;
  }
  bool WaitUntilKept(Nanoseconds patience) override {
    std::unique_lock lock(mutex_);
    ++waits;
    const bool is_short = patience < Seconds(100);
    if (is_short && (hangs || patience == Nanoseconds{})) return !done_;
    changed_.wait(lock, [this] { return !done_; });
    return true;
  }
  // Another thread than the monitor's.
  void Finish() {
    std::function<void()> done;
    {
      const std::lock_guard lock(mutex_);
      done = done_;
    }
    if (done) done();
    const std::lock_guard lock(mutex_);
    done_ = nullptr;
    changed_.notify_all();
  }

  EpochState last;
  std::atomic<int> asked = 0, waits = 0;
  std::atomic<bool> hangs = false;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> done_;
};

void StopWhileKeeping(Monitor& monitor, FakeKeeper& keeper) {
  std::atomic<bool> stopped = false;
  std::thread stop([&] {
    monitor.Stop();
    stopped = true;
  });
  while (!stopped) {
    keeper.Finish();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  stop.join();
}

TEST_F(MonitorTest, PublishesNothingThatIsNotKept) {
  FakeKeeper keeper;
  Make({.interval = Milliseconds(2), .keeper = &keeper});
  ASSERT_TRUE(monitor->Start().has_value());
  ASSERT_TRUE(Eventually([&] { return keeper.waits >= 2; })) << "the next epoch waits for the first one's state";
  EXPECT_EQ(monitor->Latest(), nullptr);
  EXPECT_EQ(keeper.asked, 1);
  for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
    const auto kept = static_cast<int>(epoch);
    ASSERT_TRUE(Eventually([&] { return keeper.asked == kept; }));
    EXPECT_EQ(keeper.last.snapshot->epoch, epoch);
    EXPECT_EQ(LatestEpoch(), epoch - 1);
    keeper.Finish();
    EXPECT_EQ(LatestEpoch(), epoch);
  }
  StopWhileKeeping(*monitor, keeper);
  EXPECT_EQ(monitor->Latest(), keeper.last.snapshot);
}

TEST_F(MonitorTest, FiguresGoOnWhileTheKeeperHangs) {
  FakeKeeper keeper;
  keeper.hangs = true;
  Make({.interval = Milliseconds(2), .keeper = &keeper});
  ASSERT_TRUE(monitor->Start().has_value());
  EXPECT_TRUE(Eventually([&] { return LatestEpoch() >= 5; }));
  EXPECT_EQ(keeper.asked, 1);
  keeper.hangs = false;
  keeper.Finish();
  EXPECT_GE(LatestEpoch(), 5u) << "an older epoch that is kept at last does not come back";
  EXPECT_TRUE(Eventually([&] { return keeper.asked >= 2; }));
  StopWhileKeeping(*monitor, keeper);
}

TEST_F(MonitorTest, GoesOnAtOnceFromAnEarlierLife) {
  Make({.interval = Seconds(600)});
  BooksState books;
  books.series.push_back({.name = "package", .unassigned = {7}, .closed = {}});
  books.zones.push_back(
      {.name = "package", .path = "/p", .socket = 0, .active = {7}, .idle = {3}, .known_until = Seconds(2)});
  books.begin = Seconds(1);
  books.end = Seconds(2);
  ASSERT_TRUE(monitor->Start(Resumption{.books = books, .gap_is_counted = true}).has_value());
  ASSERT_TRUE(Eventually([&] { return LatestEpoch() == 1; })) << "not only when the interval is over";
  EXPECT_EQ(monitor->Latest()->begin, Seconds(1));
  EXPECT_EQ(monitor->Latest()->zones[0].figures.all.energy, Microjoules{10});
}

}  // namespace
}  // namespace brahe::monitor
