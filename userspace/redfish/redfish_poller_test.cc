#include "userspace/redfish/redfish_poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "userspace/base/fake_clock.h"

namespace brahe::redfish {
namespace {

using ::testing::ElementsAre;

// Gives rounds that a test hands to it, one after the other, and waits for them.
class Script {
 public:
  PowerRound Next(const std::function<bool()>& cancelled) {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.notify_all();
    while (rounds_.empty() && !cancelled()) changed_.wait_for(lock, std::chrono::milliseconds(5));
    if (cancelled()) return {};
    PowerRound round = std::move(rounds_.front());
    rounds_.pop_front();
    return round;
  }
  void Give(PowerRound round) {
    const std::lock_guard lock(mutex_);
    rounds_.push_back(std::move(round));
    changed_.notify_all();
  }
  void WaitUntilAsked(size_t times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_ >= times; });
  }
  void Note(const std::string& what) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(what);
  }
  std::vector<std::string> notes() {
    const std::lock_guard lock(mutex_);
    return notes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<PowerRound> rounds_;
  std::vector<std::string> notes_;
  size_t asked_ = 0;
};

class ScriptedSource final : public PowerSource {
 public:
  ScriptedSource(std::string id, Script& script, std::function<bool()> cancelled)
      : id_(std::move(id)), script_(script), cancelled_(std::move(cancelled)) {
    script_.Note("made " + id_);
  }
  ~ScriptedSource() override { script_.Note("ended " + id_); }
  PowerRound Read() override { return script_.Next(cancelled_); }

 private:
  const std::string id_;
  Script& script_;
  const std::function<bool()> cancelled_;
};

PowerRound RoundOf(uint64_t watts) { return {.readings = {{"1", "PC1", "Server", "PowerControl", Watts(watts)}}}; }

PowerRound Failure(fetch::FetchCause cause) { return {.faults = {{"/x", {cause, "x: fails"}}}, .failed = true}; }

class RedfishPollerTest : public ::testing::Test {
 protected:
  // Waits in real time are short, and those that count are of the clock that a test moves.
  RedfishPollerTest()
      : poller_(
            {.pace = {.interval = Milliseconds(2),
                      .backoff = {.first = Milliseconds(2), .longest = Milliseconds(4)},
                      .after_refusal = Milliseconds(8)}},
            [this](const BmcAccess& bmc, const PollerOptions&, const std::function<bool()>& cancelled, const Clock&) {
              return std::make_unique<ScriptedSource>(bmc.id, script_, cancelled);
            },
            clock_) {}

  // Gives a round and returns when it has been taken. The next is asked for when the clock gets there.
  void Play(PowerRound round) {
    script_.Give(std::move(round));
    ++played_;
    while (poller_.Figures().rounds < played_) {
      clock_.Advance(Nanoseconds{100'000});
      std::this_thread::yield();
    }
  }

  FakeClock clock_;
  Script script_;
  RedfishPoller poller_;
  uint64_t played_ = 0;
};

TEST_F(RedfishPollerTest, TellsOfTheLatestReadingUntilItIsTooOld) {
  poller_.Ask(BmcAccess{.id = "bmc-1"});
  poller_.Start();
  EXPECT_FALSE(poller_.Figures().age);
  Play(RoundOf(245));
  PollerFigures figures = poller_.Figures();
  EXPECT_EQ(figures.bmc_id, "bmc-1");
  ASSERT_EQ(figures.readings.size(), 1U);
  EXPECT_EQ(figures.readings[0].power, Watts(245));
  ASSERT_TRUE(figures.age);
  clock_.Advance(Seconds(1));
  figures = poller_.Figures();
  EXPECT_EQ(figures.readings.size(), 0U) << "none is better than an old one";
  EXPECT_GE(*figures.age, Seconds(1));
}

TEST_F(RedfishPollerTest, ARoundThatFailsLeavesTheLatestAndIsCounted) {
  poller_.Ask(BmcAccess{.id = "bmc-1"});
  poller_.Start();
  Play(RoundOf(245));
  Play(Failure(fetch::FetchCause::kTimeout));
  const PollerFigures figures = poller_.Figures();
  EXPECT_EQ(figures.rounds, 2U);
  EXPECT_EQ(figures.failures.at(fetch::FetchCause::kTimeout), 1U);
  EXPECT_EQ(figures.failures.at(fetch::FetchCause::kCertificate), 0U);
}

TEST_F(RedfishPollerTest, ChassisThatFailAreCountedBesideTheReadingsOfOthers) {
  poller_.Ask(BmcAccess{.id = "bmc-1"});
  poller_.Start();
  PowerRound round = RoundOf(5);
  round.faults = {{"/a", {fetch::FetchCause::kStatus, "a"}}, {"/b", {fetch::FetchCause::kStatus, "b"}}};
  Play(round);
  EXPECT_EQ(poller_.Figures().readings.size(), 1U);
  EXPECT_EQ(poller_.Figures().failures.at(fetch::FetchCause::kStatus), 2U);
}

TEST_F(RedfishPollerTest, AnotherBmcIsAskedAtOnceAndTheOldOneIsLeft) {
  poller_.Ask(BmcAccess{.id = "a"});
  poller_.Start();
  Play(RoundOf(1));
  script_.WaitUntilAsked(1);
  poller_.Ask(BmcAccess{.id = "b"});
  EXPECT_EQ(poller_.Figures().readings.size(), 0U) << "they are of the other BMC";
  EXPECT_EQ(poller_.Figures().bmc_id, "b");
  Play(RoundOf(2));
  ASSERT_EQ(poller_.Figures().readings.size(), 1U);
  EXPECT_EQ(poller_.Figures().readings[0].power, Watts(2));
  poller_.Ask(std::nullopt);
  EXPECT_EQ(poller_.Figures().bmc_id, "");
  poller_.Stop();
  const auto notes = script_.notes();
  ASSERT_GE(notes.size(), 3U);
  EXPECT_EQ(std::vector<std::string>(notes.begin(), notes.begin() + 3),
            (std::vector<std::string>{"made a", "ended a", "made b"}));
  EXPECT_EQ(notes.back(), "ended b");
}

TEST_F(RedfishPollerTest, TheSameBmcIsAskedAnewAndItsReadingStays) {
  poller_.Ask(BmcAccess{.id = "a", .password = "old"});
  poller_.Start();
  Play(RoundOf(1));
  poller_.Ask(BmcAccess{.id = "a", .password = "new"});
  EXPECT_TRUE(poller_.Figures().age);
  Play(RoundOf(2));
  EXPECT_EQ(script_.notes().size(), 3U) << "it logs in with the new password";
}

TEST_F(RedfishPollerTest, EndsInTheMiddleOfARound) {
  poller_.Ask(BmcAccess{.id = "a"});
  poller_.Start();
  script_.WaitUntilAsked(1);
  poller_.Stop();
  EXPECT_EQ(poller_.Figures().rounds, 0U) << "what was broken off is no fault";
  EXPECT_THAT(script_.notes(), ElementsAre("made a", "ended a"));
}

TEST(RedfishPoller, WithoutABmcItWaits) {
  RedfishPoller poller({});
  poller.Start();
  EXPECT_EQ(poller.Figures().bmc_id, "");
}

}  // namespace
}  // namespace brahe::redfish
