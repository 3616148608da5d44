#include "userspace/top/replay_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "userspace/base/fake_clock.h"
#include "userspace/base/temp_tree.h"
#include "userspace/exposition/json_snapshot.h"
#include "userspace/exposition/test_snapshot.h"

namespace brahe::top {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A recording with epochs of two seconds, numbered from 1.
class ReplayFeedTest : public testing::Test {
 protected:
  void Record(uint64_t epochs) {
    auto writer = RecordingWriter::Create(tree_.At("recording"), 100'000'000);
    ASSERT_TRUE(writer);
    for (uint64_t epoch = 1; epoch <= epochs; ++epoch) {
      auto snapshot = std::make_shared<monitor::Snapshot>(exposition::SmallSnapshot());
      snapshot->epoch = epoch;
      snapshot->duration = Seconds(2);
      ASSERT_TRUE(writer->Add(exposition::JsonRenderer(snapshot, "node-1").ReadAll()));
    }
  }
  std::unique_ptr<Feed> Open(bool at_once = false) {
    return Replay(*Recording::Open(tree_.At("recording")), at_once, clock_);
  }
  // The epochs that come now.
  std::vector<uint64_t> Epochs(Feed& feed) {
    const auto update = feed.Take();
    if (!update) ADD_FAILURE() << update.error().message;
    std::vector<uint64_t> epochs;
    for (const Frame& frame : update->frames) epochs.push_back(frame.epoch);
    restarts_ = update->restarts;
    return epochs;
  }

  TempTree tree_;
  FakeClock clock_;
  bool restarts_ = false;
};

TEST_F(ReplayFeedTest, GoesAsFastAsItWasMade) {
  Record(2);
  const auto feed = Open();
  EXPECT_THAT(Epochs(*feed), ElementsAre(1));
  EXPECT_EQ(feed->Mode(), "replay 1/2");
  EXPECT_THAT(Epochs(*feed), ElementsAre());
  EXPECT_EQ(*feed->Due(), clock_.Now() + Seconds(2));
  clock_.Advance(Seconds(2));
  EXPECT_FALSE(feed->AtEnd());
  EXPECT_THAT(Epochs(*feed), ElementsAre(2));
  EXPECT_TRUE(feed->AtEnd());
  EXPECT_EQ(feed->Mode(), "replay 2/2 end");
}

TEST_F(ReplayFeedTest, GoesWithoutAPauseWhereNobodyLooks) {
  Record(3);
  const auto feed = Open(/*at_once=*/true);
  for (uint64_t epoch = 1; epoch <= 3; ++epoch) EXPECT_THAT(Epochs(*feed), ElementsAre(epoch));
  EXPECT_TRUE(feed->AtEnd());
}

TEST_F(ReplayFeedTest, StandsStillWhenPausedAndGoesOn) {
  Record(3);
  const auto feed = Open();
  Epochs(*feed);
  feed->Obey(Wish::kPause);
  EXPECT_EQ(feed->Mode(), "replay 1/3 paused");
  clock_.Advance(Seconds(100));
  EXPECT_THAT(Epochs(*feed), ElementsAre());
  feed->Obey(Wish::kPause);
  EXPECT_THAT(Epochs(*feed), ElementsAre(2));
}

TEST_F(ReplayFeedTest, IsSoughtWithWhatTheFrameCameFrom) {
  Record(100);
  const auto feed = Open();
  Epochs(*feed);
  feed->Obey(Wish::kMinuteOn);
  EXPECT_EQ(Epochs(*feed).size(), 31U);
  EXPECT_TRUE(restarts_);
  EXPECT_EQ(feed->Mode(), "replay 31/100");
  feed->Obey(Wish::kFrameBack);
  EXPECT_EQ(Epochs(*feed).back(), 30U);
  feed->Obey(Wish::kFrameOn);
  EXPECT_EQ(Epochs(*feed).back(), 31U);
  clock_.Advance(Seconds(2));
  EXPECT_THAT(Epochs(*feed), ElementsAre(32));
  EXPECT_FALSE(restarts_);
  feed->Obey(Wish::kMinuteBack);
  EXPECT_EQ(Epochs(*feed).back(), 2U);
}

TEST_F(ReplayFeedTest, KeysThatComeFasterThanFramesAddUp) {
  Record(100);
  const auto feed = Open();
  Epochs(*feed);
  feed->Obey(Wish::kMinuteOn);
  feed->Obey(Wish::kFrameOn);
  feed->Obey(Wish::kFrameOn);
  feed->Obey(Wish::kFrameBack);
  EXPECT_EQ(Epochs(*feed).back(), 32U);
}

TEST_F(ReplayFeedTest, SeeksNoFurtherThanItsEnds) {
  Record(3);
  const auto feed = Open();
  Epochs(*feed);
  feed->Obey(Wish::kPause);
  feed->Obey(Wish::kMinuteOn);
  EXPECT_EQ(Epochs(*feed).back(), 3U);
  feed->Obey(Wish::kFrameOn);
  EXPECT_EQ(Epochs(*feed).back(), 3U);
  feed->Obey(Wish::kMinuteBack);
  EXPECT_EQ(Epochs(*feed).back(), 1U);
  feed->Obey(Wish::kFrameBack);
  EXPECT_EQ(Epochs(*feed).back(), 1U);
  EXPECT_EQ(feed->Mode(), "replay 1/3 paused");
}

TEST_F(ReplayFeedTest, ASoughtFrameHasTheHistoryOfWhoeverSawAll) {
  Record(243);
  const auto feed = Open(/*at_once=*/true);
  History of_all, of_sought;
  for (int frame = 0; frame < 243; ++frame) {
    const auto update = feed->Take();
    ASSERT_TRUE(update);
    for (const Frame& each : update->frames) of_all.Add(each);
  }
  feed->Obey(Wish::kFrameOn);
  const auto update = feed->Take();
  ASSERT_TRUE(update);
  for (const Frame& each : update->frames) of_sought.Add(each);
  EXPECT_LT(update->frames.size(), 210U);
  const auto cells = of_all.OfNode(0, History::kCells - 1);
  EXPECT_EQ(of_sought.OfNode(0, History::kCells - 1), cells);
  EXPECT_EQ(cells.size(), History::kCells - 1);
}

TEST_F(ReplayFeedTest, AFrameThatIsNoneIsAnErrorAndTheNextOneFollows) {
  tree_.Write("bad", "{\"recording\":\"brahe top\",\"version\":1}\n{}\n{}\n");
  const auto feed = Replay(*Recording::Open(tree_.At("bad")), true, clock_);
  EXPECT_THAT(feed->Take().error().message, HasSubstr("bad: frame 1: no snapshot of Brahe's"));
  EXPECT_THAT(feed->Take().error().message, HasSubstr("bad: frame 2: "));
  EXPECT_TRUE(feed->AtEnd());
}

}  // namespace
}  // namespace brahe::top
