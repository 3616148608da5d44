#include "userspace/exporter/fresh_snapshots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace brahe::exporter {
namespace {

using Answer = std::shared_ptr<const monitor::Snapshot>;

// Each Fresh waits for a permit and gives another snapshot.
class SlowSource final : public monitor::SnapshotSource {
 public:
  Answer Fresh() override {
    std::unique_lock lock(mutex_);
    ++calls_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return permits_ > 0; });
    --permits_;
    return std::make_shared<const monitor::Snapshot>();
  }
  [[nodiscard]] Answer Latest() const override { return nullptr; }
  [[nodiscard]] bool Healthy() const override { return true; }
  std::vector<monitor::EpochTiming> TakeEpochTimings() override { return {}; }

  void Permit(int calls) {
    const std::lock_guard lock(mutex_);
    permits_ += calls;
    changed_.notify_all();
  }
  void WaitForCall(int number) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_ >= number; });
  }
  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int calls_ = 0;
  int permits_ = 0;
};

std::future<Answer> Ask(FreshSnapshots& snapshots) {
  auto promise = std::make_shared<std::promise<Answer>>();
  snapshots.Get([promise](Answer answer) { promise->set_value(std::move(answer)); });
  return promise->get_future();
}

TEST(FreshSnapshots, WhoAsksWhileOneIsMadeSharesTheNext) {
  SlowSource source;
  FreshSnapshots snapshots(source);
  std::future<Answer> first = Ask(snapshots);
  source.WaitForCall(1);
  std::vector<std::future<Answer>> later;
  for (int i = 0; i < 10; ++i) later.push_back(Ask(snapshots));
  source.Permit(2);
  const Answer before = first.get();
  const Answer after = later[0].get();
  ASSERT_TRUE(before && after);
  EXPECT_NE(before, after) << "one that began before they asked could be too old";
  for (size_t i = 1; i < later.size(); ++i) EXPECT_EQ(later[i].get(), after);
  EXPECT_EQ(source.calls(), 2);
}

TEST(FreshSnapshots, DoesNotBlockTheAsker) {
  SlowSource source;
  FreshSnapshots snapshots(source);
  std::future<Answer> answer = Ask(snapshots);
  EXPECT_EQ(answer.wait_for(std::chrono::milliseconds(5)), std::future_status::timeout);
  source.Permit(1);
  EXPECT_TRUE(answer.get());
}

TEST(FreshSnapshots, AnswersAllWhenItIsDestroyed) {
  SlowSource source;
  auto snapshots = std::make_unique<FreshSnapshots>(source);
  std::future<Answer> first = Ask(*snapshots);
  source.WaitForCall(1);
  std::future<Answer> second = Ask(*snapshots);
  std::thread destroyer([&] { snapshots.reset(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  source.Permit(1);
  destroyer.join();
  EXPECT_TRUE(first.get());
  EXPECT_FALSE(second.get());
  EXPECT_EQ(source.calls(), 1);
}

TEST(FreshSnapshots, ManyMayAskAtOnce) {
  SlowSource source;
  source.Permit(1000);
  FreshSnapshots snapshots(source);
  std::vector<std::thread> askers;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 4; ++i) {
    askers.emplace_back([&] {
      for (int n = 0; n < 100; ++n) answered += Ask(snapshots).get() != nullptr;
    });
  }
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(answered, 400);
}

}  // namespace
}  // namespace brahe::exporter
