#include "userspace/kube/following_directory.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace brahe::kube {
namespace {

using std::chrono::milliseconds;

PodList ListOf(const std::string& uid, const std::string& container) {
  PodList list;
  list.pods.push_back(
      {.pod = {uid, "web", "shop"}, .api_uid = uid, .other_uids = {}, .containers = {{container, "app"}}});
  return list;
}

bool SoonTrue(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

// What a test lets the source do; shared with the source, which the directory owns.
struct Script {
  std::mutex mutex;
  std::function<std::optional<fetch::FetchFailure>(PodSink&)> round;
  std::atomic<int> rounds{0};
  Nanoseconds period = Seconds(3600);

  void Set(std::function<std::optional<fetch::FetchFailure>(PodSink&)> next) {
    const std::lock_guard lock(mutex);
    round = std::move(next);
  }
};

class FakeSource final : public PodSource {
 public:
  explicit FakeSource(Script& script) : script_(script) {}
  [[nodiscard]] std::string name() const override { return "fake"; }
  [[nodiscard]] Nanoseconds period() const override { return script_.period; }
  [[nodiscard]] std::string WhyNoneIsOurs() const override { return "no reason"; }
  std::optional<fetch::FetchFailure> Round(PodSink& sink) override {
    std::function<std::optional<fetch::FetchFailure>(PodSink&)> round;
    {
      const std::lock_guard lock(script_.mutex);
      round = script_.round;
    }
    sink.CountFetch();
    auto failure = round(sink);
    ++script_.rounds;
    return failure;
  }

 private:
  Script& script_;
};

class FollowingDirectoryTest : public testing::Test {
 protected:
  void Start(const fetch::Backoff::Options& backoff = {.first = Milliseconds(10), .longest = Milliseconds(40)}) {
    directory_ = std::make_unique<FollowingDirectory>(
        std::make_unique<FakeSource>(script_),
        FollowingDirectory::Options{.shortest_period = Milliseconds(20),
                                    .backoff = backoff,
                                    .unknown_ids = {.first_delay = Milliseconds(10), .longest_delay = Seconds(300)}},
        SystemClock());
  }
  static std::optional<fetch::FetchFailure> Serve(PodSink& sink, PodList list) {
    sink.TakeList(std::move(list));
    return std::nullopt;
  }

  Script script_;
  std::unique_ptr<FollowingDirectory> directory_;
};

TEST_F(FollowingDirectoryTest, FindsWhatTheSourceBrought) {
  script_.Set([](PodSink& sink) { return Serve(sink, ListOf("u1", "a")); });
  Start();
  ASSERT_TRUE(SoonTrue([&] { return directory_->FindContainer("a").has_value(); }));
  EXPECT_EQ(directory_->FindContainer("a"), (workload::PodMember{{"u1", "web", "shop"}, "app"}));
  EXPECT_EQ(directory_->FindPod("u1"), (workload::Pod{"u1", "web", "shop"}));
  EXPECT_TRUE(SoonTrue([&] { return directory_->Stats().last_success.has_value(); }));
  const PodDirectoryStats stats = directory_->Stats();
  EXPECT_GE(stats.fetches, 1U);
  EXPECT_EQ(stats.pods, 1U);
  EXPECT_TRUE(stats.failures.empty());
}

TEST_F(FollowingDirectoryTest, AnUnknownContainerIsLookedForBeforeThePeriodIsOver) {
  script_.Set([](PodSink& sink) { return Serve(sink, ListOf("u1", "a")); });
  Start();
  ASSERT_TRUE(SoonTrue([&] { return script_.rounds == 1; }));
  script_.Set([](PodSink& sink) { return Serve(sink, ListOf("u2", "b")); });
  EXPECT_TRUE(SoonTrue([&] { return directory_->FindContainer("b").has_value(); }));
}

TEST_F(FollowingDirectoryTest, AContainerThatStaysUnknownIsLookedForEverMoreSeldom) {
  script_.Set([](PodSink& sink) { return Serve(sink, ListOf("u1", "a")); });
  Start();
  const auto end = std::chrono::steady_clock::now() + milliseconds(700);
  while (std::chrono::steady_clock::now() < end) {
    EXPECT_FALSE(directory_->FindContainer("nobody's"));
    std::this_thread::sleep_for(milliseconds(1));
  }
  // Waits of 20 (the shortest period), 20, 20, 40, 80, ... ms: without the doubling there would be about 35.
  EXPECT_GE(script_.rounds, 3);
  EXPECT_LE(script_.rounds, 9);
}

TEST_F(FollowingDirectoryTest, TheLastGoodListStaysWhileTheSourceFails) {
  script_.period = Milliseconds(20);
  script_.Set([](PodSink& sink) { return Serve(sink, ListOf("u1", "a")); });
  Start();
  ASSERT_TRUE(SoonTrue([&] { return script_.rounds >= 1; }));
  script_.Set([](PodSink&) { return fetch::FetchFailure{fetch::FetchCause::kForbidden, "GET x: 403"}; });
  ASSERT_TRUE(SoonTrue([&] { return directory_->Stats().failures.contains(fetch::FetchCause::kForbidden); }));
  EXPECT_TRUE(directory_->FindContainer("a"));
  script_.Set([](PodSink& sink) { return Serve(sink, ListOf("u2", "b")); });
  EXPECT_TRUE(SoonTrue([&] { return directory_->FindContainer("b").has_value(); }));
}

TEST_F(FollowingDirectoryTest, AFailingSourceIsNotAskedMoreOftenForUnknownContainers) {
  script_.Set([](PodSink&) { return fetch::FetchFailure{fetch::FetchCause::kTimeout, "GET x: timed out"}; });
  Start({.first = Milliseconds(100), .longest = Milliseconds(400)});
  const auto end = std::chrono::steady_clock::now() + milliseconds(400);
  for (int i = 0; std::chrono::steady_clock::now() < end; ++i) {
    EXPECT_FALSE(directory_->FindContainer(std::to_string(i)));
    std::this_thread::sleep_for(milliseconds(1));
  }
  // The waits are at least 50, 100 and 200 ms.
  EXPECT_LE(script_.rounds, 5);
}

TEST_F(FollowingDirectoryTest, WhatIsTooOldIsBegunAnewAtOnceButNotAgainAndAgain) {
  script_.Set([](PodSink&) { return fetch::FetchFailure{fetch::FetchCause::kExpired, "GET x: 410"}; });
  Start({.first = Seconds(100), .longest = Seconds(100)});
  ASSERT_TRUE(SoonTrue([&] { return script_.rounds == 2; }));
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(script_.rounds, 2);
}

TEST_F(FollowingDirectoryTest, EventsChangeTheListWhileTheRoundGoesOn) {
  std::atomic<bool> go{false};
  script_.Set([&go](PodSink& sink) {
    sink.TakeList(ListOf("u1", "a"));
    while (!go && !sink.Stopping()) std::this_thread::sleep_for(milliseconds(1));
    WatchEvent event{.kind = WatchEvent::Kind::kSet};
    event.pod = ListOf("u2", "b").pods[0];
    sink.TakeEvent(event);
    event.kind = WatchEvent::Kind::kDeleted;
    event.pod = ListOf("u1", "a").pods[0];
    sink.TakeEvent(event);
    sink.TakeEvent({.kind = WatchEvent::Kind::kSet, .left_out_because = "junk"});
    while (!sink.Stopping()) std::this_thread::sleep_for(milliseconds(1));
    return std::optional<fetch::FetchFailure>();
  });
  Start();
  ASSERT_TRUE(SoonTrue([&] { return directory_->FindContainer("a").has_value(); }));
  go = true;
  ASSERT_TRUE(SoonTrue([&] { return directory_->Stats().pods_left_out == 1; }));
  EXPECT_TRUE(directory_->FindContainer("b"));
  EXPECT_TRUE(directory_->FindContainer("a")) << "its end is still to be labelled";
  EXPECT_EQ(directory_->Stats().pods, 1U);
}

TEST_F(FollowingDirectoryTest, ManyMayAskWhileItEnds) {
  script_.period = Milliseconds(20);
  script_.Set([](PodSink& sink) { return Serve(sink, ListOf("u1", "a")); });
  Start();
  std::vector<std::thread> askers;
  for (int i = 0; i < 3; ++i) {
    askers.emplace_back([&, i] {
      for (int n = 0; n < 500; ++n) {
        directory_->FindContainer(std::to_string(n % 7 * i));
        directory_->FindPod("u1");
        EXPECT_LE(directory_->Stats().pods, 1U);
      }
    });
  }
  for (std::thread& asker : askers) asker.join();
  directory_.reset();
}

}  // namespace
}  // namespace brahe::kube
