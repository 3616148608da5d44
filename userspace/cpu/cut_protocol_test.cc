#include "userspace/cpu/cut_protocol.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "userspace/base/fake_clock.h"

namespace brahe::cpu {
namespace {

// A clock that tells of each sleep, and that stands still for as long as a test wants when it is read.
class WatchedClock final : public Clock {
 public:
  Nanoseconds Now() const override {
    if (reads_++ == pause_at_) clock_.Advance(pause_);
    return clock_.Now();
  }
  void SleepUntil(Nanoseconds instant) const override {
    slept_until_.push_back(instant);
    clock_.SleepUntil(instant);
    if (on_sleep_) on_sleep_();
  }
  Nanoseconds Suspended() const override { return {}; }

  // The machine stops for so long before the clock is read for the `read`th time from now.
  void PauseAt(int read, Nanoseconds pause) {
    reads_ = 0;
    pause_at_ = read;
    pause_ = pause;
  }
  void OnSleep(std::function<void()> action) { on_sleep_ = std::move(action); }
  [[nodiscard]] const std::vector<Nanoseconds>& slept_until() const { return slept_until_; }

 private:
  mutable FakeClock clock_;
  mutable std::vector<Nanoseconds> slept_until_;
  mutable int reads_ = 0;
  int pause_at_ = -1;
  Nanoseconds pause_;
  std::function<void()> on_sleep_;
};

class CutProtocolTest : public ::testing::Test {
 protected:
  CutProtocolTest() : slots_(1), moves_(MOVES_KEPT), cuts_({&control_, slots_.data(), moves_.data(), 1}, clock_) {
    control_.cut = 1;
  }
  // What was running before the cut, by process.
  std::vector<std::pair<uint32_t, uint64_t>> ReadSlots() {
    std::vector<std::pair<uint32_t, uint64_t>> running;
    cuts_.ReadSlots({.closed_idle = [](size_t, uint64_t) {},
                     .open_idle = [](size_t, uint64_t) {},
                     .lost = [](size_t, uint64_t) {},
                     .running = [&](const task_key& key, uint64_t ns) { running.emplace_back(key.tgid, ns); }});
    return running;
  }

  WatchedClock clock_;
  volatile cut_control control_ = {};
  std::vector<cpu_slot> slots_;
  std::vector<cgroup_move> moves_;
  CutProtocol cuts_;
};

TEST_F(CutProtocolTest, ReadsTheSlotsAMarginAfterTheCut) {
  cuts_.Cut();
  EXPECT_TRUE(cuts_.has_unread_slots());
  EXPECT_EQ(clock_.slept_until().back(), Nanoseconds{cuts_.instant()});
  ReadSlots();
  EXPECT_EQ(clock_.slept_until().back(), Nanoseconds{cuts_.instant() + 50'000});
  EXPECT_FALSE(cuts_.has_unread_slots());
}

TEST_F(CutProtocolTest, ACutThatIsPublishedLateIsGivenItsMarginFromThePublicationOn) {
  clock_.PauseAt(1, Seconds(1));  // between the choice of the instant and the publication
  cuts_.Cut();
  EXPECT_EQ(cuts_.late_cuts(), 1U);
  ReadSlots();
  EXPECT_EQ(clock_.slept_until().back(),
            Nanoseconds{cuts_.instant()} - Milliseconds(2) + Seconds(1) + Nanoseconds{50'000});
}

// The ring of moves has forgotten by then how the task came to where it is.
TEST_F(CutProtocolTest, WhereARunningTaskWasAtTheCutIsKeptForTheNextProcess) {
  const uint64_t now = clock_.Now().value + 1'000;
  slots_[0] = {};
  slots_[0].since = now - 900;
  slots_[0].pid = slots_[0].key.tgid = 7;
  slots_[0].key.cgroup_id = 100;
  moves_[0] = {0, now, 200, 7, 0};
  control_.moves = 1;
  cuts_.Cut();
  ReadSlots();
  const CutState kept = cuts_.State();
  for (uint64_t number = 1; number <= 2 * MOVES_KEPT; ++number) {
    moves_[number % MOVES_KEPT] = {number, cuts_.instant() + number, 300, 8, 0};
  }
  control_.moves = 2 * MOVES_KEPT + 1;
  CutProtocol next({&control_, slots_.data(), moves_.data(), 1}, clock_);
  ASSERT_TRUE(next.Resume(kept));
  EXPECT_FALSE(next.has_unread_slots());
  next.Cut();
  std::vector<uint64_t> cgroups;
  next.ReadSlots({.closed_idle = [](size_t, uint64_t) {},
                  .open_idle = [](size_t, uint64_t) {},
                  .lost = [](size_t, uint64_t) {},
                  .running = [&](const task_key& key, uint64_t) { cgroups.push_back(key.cgroup_id); }});
  EXPECT_EQ(cgroups, std::vector<uint64_t>{200});
}

TEST_F(CutProtocolTest, WhoeverIsMoreThanOneCutBehindCannotGoOn) {
  const auto go_on = [&](const CutState& kept) {
    CutProtocol next({&control_, slots_.data(), moves_.data(), 1}, clock_);
    const Status resumed = next.Resume(kept);
    return resumed ? (next.has_unread_slots() ? "unread" : "read") : resumed.error().message;
  };
  cuts_.Cut();
  ReadSlots();
  const CutState kept = cuts_.State();
  EXPECT_EQ(go_on(kept), "read");
  cuts_.Cut();
  EXPECT_EQ(go_on(kept), "unread");
  for (int i = 0; i < 2; ++i) {
    ReadSlots();
    cuts_.Cut();
    EXPECT_EQ(go_on(kept), "epochs were cut since that are not in the kept state");
  }
}

TEST_F(CutProtocolTest, KnowsWhichCutsWereLate) {
  EXPECT_FALSE(cuts_.in_time());
  cuts_.Cut();
  ReadSlots();
  EXPECT_TRUE(cuts_.in_time());
  clock_.PauseAt(1, Seconds(1));
  cuts_.Cut();
  EXPECT_FALSE(cuts_.in_time());
  ReadSlots();
  cuts_.Cut();
  EXPECT_TRUE(cuts_.in_time());
}

TEST_F(CutProtocolTest, TimeIsSettledByTheCutAfterIt) {
  cuts_.Cut();
  const uint64_t first = cuts_.instant();
  EXPECT_EQ(control_.settled[control_.cut & 1], 0U) << "the time before the cut has not been read";
  ReadSlots();
  EXPECT_EQ(control_.settled[control_.cut & 1], 0U);
  cuts_.Cut();
  EXPECT_EQ(control_.settled[control_.cut & 1], first);
}

TEST_F(CutProtocolTest, WaitsForAHandlerThatIsRunning) {
  slots_[0].since = clock_.Now().value;
  slots_[0].pid = slots_[0].key.tgid = 7;
  cuts_.Cut();
  slots_[0].seq = 1;  // it has read its clock before the cut
  slots_[0].key.tgid = 8;
  clock_.OnSleep([this, sleeps = 0]() mutable {
    if (++sleeps != 3) return;
    slots_[0].key.tgid = 9;
    slots_[0].seq = 2;
  });
  const auto running = ReadSlots();
  ASSERT_EQ(running.size(), 1U);
  EXPECT_EQ(running[0].first, 9U);
  EXPECT_EQ(running[0].second, cuts_.instant() - slots_[0].since);
}

// The ring keeps the last moves only.
TEST_F(CutProtocolTest, RemembersWhereATaskWasThatNeverSwitchesWhileManyOthersAreMoved) {
  slots_[0].since = clock_.Now().value;
  slots_[0].pid = slots_[0].key.tgid = 7;
  slots_[0].key.cgroup_id = 100;
  const auto move = [&](uint32_t tgid, uint64_t cgroup_id) {
    const uint64_t number = control_.moves;
    moves_[number % MOVES_KEPT] = {number, clock_.Now().value + 1, cgroup_id, tgid, 0};
    control_.moves = number + 1;
  };
  std::vector<uint64_t> cgroups;
  const auto read = [&] {
    cuts_.Cut();
    cgroups.clear();
    cuts_.ReadSlots({.closed_idle = [](size_t, uint64_t) {},
                     .open_idle = [](size_t, uint64_t) {},
                     .lost = [](size_t, uint64_t) {},
                     .running = [&](const task_key& key, uint64_t) { cgroups.push_back(key.cgroup_id); }});
  };
  move(7, 200);
  read();
  EXPECT_EQ(cgroups, (std::vector<uint64_t>{100, 200}));
  for (int i = 0; i < 2 * MOVES_KEPT; ++i) move(8, 300);
  read();
  EXPECT_EQ(cgroups, (std::vector<uint64_t>{200}));
}

}  // namespace
}  // namespace brahe::cpu
