#include "userspace/top/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brahe::top {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr size_t kAll = History::kCells;

// A frame of two zones in which process 1 had `watts` in the first, and twice as much in the second.
Frame Of(uint64_t watts) {
  Frame frame;
  const Figure once{{}, Watts(watts)}, twice{{}, Watts(2 * watts)};
  frame.zones = {{"package", once, {}, {}}, {"dram", twice, {}, {}}};
  frame.levels = {{.name = "process",
                   .rows = {{.name = "a", .id = "1", .detail = {}, .cpu_time = {}}},
                   .series = 2,
                   .figures = {once, twice}}};
  return frame;
}

Row A() { return Of(0).levels[0].rows[0]; }

TEST(HistoryTest, ACellIsTheMeanOfFiveFramesAndTheLastOfThoseSoFar) {
  History history;
  for (const uint64_t watts : {1, 2, 3, 4, 5, 10, 20}) history.Add(Of(watts));
  EXPECT_THAT(history.Of("process", A(), 0, kAll), ElementsAre(3e6, 15e6));
  EXPECT_THAT(history.Of("process", A(), 1, kAll), ElementsAre(6e6, 30e6));
  EXPECT_THAT(history.Of("process", A(), 0, 1), ElementsAre(15e6));
  EXPECT_THAT(history.OfNode(0, kAll), ElementsAre(3e6, 15e6));
}

TEST(HistoryTest, WhoUsesNothingForLongIsForgotten) {
  History history;
  history.Add(Of(5));
  for (size_t frame = 1; frame < History::kFramesOfCell; ++frame) history.Add(Of(0));
  EXPECT_THAT(history.Of("process", A(), 0, kAll), ElementsAre(1e6));
  for (size_t frame = 0; frame < History::kFramesOfCell * (kAll - 1); ++frame) history.Add(Of(0));
  auto cells = history.Of("process", A(), 0, kAll);
  ASSERT_EQ(cells.size(), kAll);
  EXPECT_EQ(cells.front(), 1e6);
  history.Add(Of(0));
  EXPECT_THAT(history.Of("process", A(), 0, kAll), IsEmpty());
  EXPECT_EQ(history.OfNode(0, kAll).size(), kAll);
}

TEST(HistoryTest, WhoComesBackFindsNothingOfBefore) {
  History history;
  history.Add(Of(5));
  for (size_t frame = 1; frame < History::kFramesOfCell * (kAll + 3); ++frame) history.Add(Of(0));
  history.Add(Of(7));
  const auto cells = history.Of("process", A(), 0, kAll);
  ASSERT_EQ(cells.size(), kAll);
  for (size_t cell = 0; cell + 1 < kAll; ++cell) EXPECT_EQ(cells[cell], 0);
  EXPECT_EQ(cells.back(), 7e6);
}

TEST(HistoryTest, ACellHasNothingOfTheOneThatStoodInItsPlace) {
  History history;
  for (size_t frame = 0; frame < History::kFramesOfCell * (kAll + 7); ++frame) history.Add(Of(2));
  const auto cells = history.Of("process", A(), 0, kAll);
  EXPECT_EQ(cells, std::vector<double>(kAll, 2e6));
}

TEST(HistoryTest, OfSomebodyElseThereIsNothing) {
  History history;
  history.Add(Of(5));
  Row other = A();
  other.name = "b";
  EXPECT_THAT(history.Of("process", other, 0, kAll), IsEmpty());
  EXPECT_THAT(history.Of("pod", A(), 0, kAll), IsEmpty());
  EXPECT_THAT(history.Of("process", A(), 2, kAll), IsEmpty());
}

TEST(HistoryTest, AnExporterWithOtherZonesBeginsAnew) {
  History history;
  for (int frame = 0; frame < 7; ++frame) history.Add(Of(5));
  Frame other = Of(3);
  other.zones.pop_back();
  other.levels[0].series = 1;
  other.levels[0].figures.pop_back();
  history.Add(other);
  EXPECT_THAT(history.OfNode(0, kAll), ElementsAre(3e6));
  history.Clear();
  EXPECT_THAT(history.OfNode(0, kAll), IsEmpty());
}

}  // namespace
}  // namespace brahe::top
