#include "userspace/exporter/fresh_snapshots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <set>
#include <thread>
#include <vector>

namespace brahe::exporter {
namespace {

using SnapshotPointer = std::shared_ptr<const monitor::Snapshot>;
using Answer = std::shared_ptr<const Sending>;

// Each Fresh waits for a permit and gives another snapshot.
class SlowSource final : public monitor::SnapshotSource {
 public:
  SnapshotPointer Fresh() override {
    std::unique_lock lock(mutex_);
    ++calls_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return permits_ > 0; });
    --permits_;
    if (!is_still || latest_ == nullptr) latest_ = std::make_shared<const monitor::Snapshot>();
    return latest_;
  }
  [[nodiscard]] SnapshotPointer Latest() const override { return nullptr; }
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

  std::atomic<bool> is_still = false;  // gives the same again

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  SnapshotPointer latest_;  // is kept, as a monitor does
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

TEST(FreshSnapshots, GivesTheYoungestWhereTooManyAreBeingSent) {
  SlowSource source;
  source.Permit(100);
  FreshSnapshots snapshots(source);
  std::vector<Answer> sent;
  for (size_t i = 0; i < FreshSnapshots::kMostSent; ++i) sent.push_back(Ask(snapshots).get());
  EXPECT_EQ(std::set(sent.begin(), sent.end()).size(), FreshSnapshots::kMostSent);
  const Answer youngest = sent.back();
  EXPECT_EQ(Ask(snapshots).get(), youngest);
  EXPECT_EQ(Ask(snapshots).get(), youngest);
  sent.erase(sent.begin());
  const Answer fresh = Ask(snapshots).get();
  EXPECT_EQ(std::ranges::count(sent, fresh), 0);
  EXPECT_EQ(source.calls(), static_cast<int>(FreshSnapshots::kMostSent) + 1);
}

TEST(FreshSnapshots, WhatIsKeptAfterItWasSentStandsInNobodysWay) {
  SlowSource source;
  source.Permit(100);
  FreshSnapshots snapshots(source);
  std::set<SnapshotPointer> kept;
  for (size_t i = 0; i < 20; ++i) kept.insert(Ask(snapshots).get()->snapshot);
  EXPECT_EQ(kept.size(), 20U);
  const Answer slow = Ask(snapshots).get();
  const Answer next = Ask(snapshots).get();
  EXPECT_NE(slow->snapshot, next->snapshot) << "one slow client is not too many";
}

TEST(FreshSnapshots, OneThatIsSentToManyIsOne) {
  SlowSource source;
  source.Permit(100);
  source.is_still = true;
  FreshSnapshots snapshots(source);
  std::vector<Answer> sent;
  for (int i = 0; i < 20; ++i) sent.push_back(Ask(snapshots).get());
  EXPECT_EQ(std::set(sent.begin(), sent.end()).size(), 1U);
  source.is_still = false;
  EXPECT_NE(Ask(snapshots).get()->snapshot, sent.back()->snapshot);
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
