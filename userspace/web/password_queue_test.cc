#include "userspace/web/password_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace brahe::web {
namespace {

using Names = std::vector<std::string>;

constexpr Nanoseconds kNow = Seconds(100);
constexpr Nanoseconds kTime = Milliseconds(100);

PasswordQuestion Of(const std::string& peer, const std::string& user) {
  return {.peer = peer, .user = user, .password = "x", .done = nullptr};
}

std::optional<PasswordQuestion> AddToCheck(PasswordQueue& queue, const std::string& peer, const std::string& user) {
  return queue.AddToCheck(Of(peer, user), kNow, kTime);
}
std::optional<PasswordQuestion> AddWrong(PasswordQueue& queue, const std::string& peer, const std::string& user) {
  return queue.AddWrong(Of(peer, user), kNow, kTime);
}

// The users of all that are still to be checked, in the order in which they are, each found wrong.
Names CheckAll(PasswordQueue& queue) {
  Names users;
  while (auto next = queue.NextToCheck()) {
    users.push_back(next->user);
    queue.Refuse(*std::move(next));
  }
  return users;
}

// Who is refused in the end, in what words and when: "user wrong 0.1 s".
Names Refusals(PasswordQueue& queue) {
  Names refusals;
  while (const auto next = queue.NextRefusal()) {
    const auto refused = queue.Refused(*next);
    refusals.push_back(refused->user + (refused->refusal == PasswordVerdict::kWrong ? " wrong " : " busy ") +
                       std::to_string((*next - kNow).value / 1'000'000) + " ms");
  }
  return refusals;
}

TEST(PasswordQueueTest, APeerThatGuessesMuchHoldsUpNoOther) {
  PasswordQueue queue;
  AddToCheck(queue, "a", "a1");
  AddToCheck(queue, "b", "b1");
  CheckAll(queue);
  for (const char* user : {"a2", "a3", "a4"}) AddToCheck(queue, "a", user);
  AddToCheck(queue, "b", "b2");
  AddToCheck(queue, "b", "b3");
  AddToCheck(queue, "c", "c1");
  EXPECT_EQ(CheckAll(queue), (Names{"c1", "b2", "a2", "b3", "a3", "a4"}));
}

TEST(PasswordQueueTest, ANewPeerComesBeforeAHundredThatWereWrong) {
  PasswordQueue queue;
  for (int round = 0; round < 2; ++round) {
    CheckAll(queue);
    for (int peer = 0; peer < 100; ++peer) AddToCheck(queue, "peer" + std::to_string(peer), "guess");
  }
  AddToCheck(queue, "new", "alice");
  EXPECT_EQ(queue.NextToCheck()->user, "alice");
}

TEST(PasswordQueueTest, ANewPeerComesBeforeAHundredNewOnesThatWereThereBeforeIt) {
  PasswordQueue queue;
  for (int peer = 0; peer < 100; ++peer) AddToCheck(queue, "peer" + std::to_string(peer), "guess");
  AddToCheck(queue, "new", "alice");
  EXPECT_EQ(queue.NextToCheck()->user, "alice");
}

TEST(PasswordQueueTest, APeerThatWasRightIsAsGoodAsNew) {
  PasswordQueue queue;
  AddToCheck(queue, "good", "alice");
  queue.NextToCheck();  // and is not refused
  AddToCheck(queue, "bad", "guess");
  CheckAll(queue);
  AddToCheck(queue, "bad", "guess");
  AddToCheck(queue, "good", "bob");
  EXPECT_EQ(queue.NextToCheck()->user, "bob");
}

TEST(PasswordQueueTest, ThePeerThatHasTheMostLosesItsOldestWhereThereAreTooMany) {
  PasswordQueue queue;
  EXPECT_FALSE(AddToCheck(queue, "b", "b1"));
  EXPECT_FALSE(AddWrong(queue, "a", "a1"));
  for (int i = 2; i <= 127; ++i) EXPECT_FALSE(AddToCheck(queue, "a", "a" + std::to_string(i)));
  EXPECT_EQ(AddToCheck(queue, "b", "b2")->user, "a1") << "wrong or not";
  EXPECT_EQ(AddWrong(queue, "c", "c1")->user, "a2");
  EXPECT_EQ(AddToCheck(queue, "a", "last")->user, "a3");
}

TEST(PasswordQueueTest, OfPeersThatHaveOneEachTheOneThatWasWrongLosesIt) {
  PasswordQueue queue;
  AddToCheck(queue, "peer5", "x");
  CheckAll(queue);
  EXPECT_TRUE(queue.Refused(Seconds(1000)));
  for (int i = 0; i < 128; ++i) AddToCheck(queue, "peer" + std::to_string(i), std::to_string(i));
  EXPECT_EQ(AddToCheck(queue, "new", "alice")->user, "5");
}

TEST(PasswordQueueTest, WhetherANameIsKnownShowsNeitherInTheRefusalsNorInWhoLosesItsPlace) {
  Names seen[2];
  for (const bool known : {false, true}) {
    PasswordQueue queue;
    for (int i = 1; i <= 140; ++i) {
      auto question = Of("a", std::to_string(i));
      const auto left = known ? queue.AddToCheck(std::move(question), kNow, Milliseconds(500))
                              : queue.AddWrong(std::move(question), kNow, Milliseconds(500));
      seen[known].push_back(left ? left->user : "-");
    }
    CheckAll(queue);
    Names refusals = Refusals(queue);
    std::sort(refusals.begin(), refusals.end());
    seen[known].insert(seen[known].end(), refusals.begin(), refusals.end());
  }
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(seen[0].size(), 140U + 128U);
}

TEST(PasswordQueueTest, RefusalsOfAPeerFollowOneAnother) {
  PasswordQueue queue;
  AddWrong(queue, "a", "a1");
  AddToCheck(queue, "a", "a2");
  AddWrong(queue, "b", "b1");
  CheckAll(queue);
  queue.AddWrong(Of("a", "a3"), kNow + Milliseconds(150), kTime);
  queue.AddWrong(Of("a", "a4"), kNow + Milliseconds(700), kTime);
  EXPECT_EQ(Refusals(queue),
            (Names{"a1 wrong 100 ms", "b1 wrong 100 ms", "a2 wrong 200 ms", "a3 wrong 300 ms", "a4 wrong 800 ms"}));
}

TEST(PasswordQueueTest, WhatIsNotRefusedWithinTwentySecondsIsBusyThen) {
  PasswordQueue queue;
  const auto add = [&](const std::string& user) { queue.AddToCheck(Of("a", user), kNow, Seconds(8)); };
  for (const char* user : {"1", "2", "3", "4"}) add(user);
  queue.Refuse(*queue.NextToCheck());
  EXPECT_EQ(Refusals(queue), (Names{"4 busy 20000 ms", "3 busy 20000 ms"})) << "the others wait for their check";
  EXPECT_EQ(CheckAll(queue).size(), 2U);
  queue.AddWrong(Of("dear", "5"), kNow, Seconds(30));
  EXPECT_EQ(Refusals(queue), (Names{"1 wrong 8000 ms", "2 wrong 16000 ms", "5 wrong 30000 ms"}));
}

TEST(PasswordQueueTest, WhoAsksAndDoesNotWaitPutsOffNobody) {
  PasswordQueue queue;
  for (int i = 0; i < 10'000; ++i) AddWrong(queue, "a", "x");
  queue.AddWrong(Of("a", "later"), kNow + Seconds(20), kTime);
  Names refusals = Refusals(queue);
  EXPECT_EQ(refusals.back(), "later wrong 20100 ms");
}

TEST(PasswordQueueTest, AWrongOneIsGivenOutWhenItIsDue) {
  PasswordQueue queue;
  EXPECT_FALSE(queue.NextRefusal());
  AddWrong(queue, "a", "a");
  EXPECT_EQ(queue.NextRefusal(), kNow + kTime);
  EXPECT_FALSE(queue.Refused(kNow + kTime - Nanoseconds{1}));
  EXPECT_EQ(queue.Refused(kNow + kTime)->user, "a");
  EXPECT_FALSE(queue.Refused(Seconds(1000)));
  AddToCheck(queue, "b", "b");
  EXPECT_FALSE(queue.NextRefusal()) << "it may be right";
}

}  // namespace
}  // namespace brahe::web
