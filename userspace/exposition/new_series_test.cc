#include "userspace/exposition/new_series.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace brahe::exposition {
namespace {

using monitor::ContainerLabels;
using monitor::WorkloadState;
using List = monitor::WorkloadList<ContainerLabels>;
using Face = monitor::WorkloadFace<ContainerLabels>;
using Faces = List::Chunk::Faces;

constexpr uint64_t kBeforeMs = 1'000'000, kNowMs = 1'015'000;

Face Make(uint64_t serial, const std::string& name, WorkloadState state = WorkloadState::kRunning) {
  return {.labels = std::make_shared<const ContainerLabels>(
              ContainerLabels{.id = name, .name = "", .runtime = "", .pod_id = ""}),
          .state = state,
          .since = Seconds(serial),
          .serial = serial};
}

void Append(List& list, std::shared_ptr<const Faces> faces) {
  auto chunk = std::make_shared<List::Chunk>(1);
  for (size_t i = 0; i < faces->size(); ++i) {
    chunk->AddFigures({}, [](size_t) { return monitor::EnergyFigure{}; });
  }
  chunk->faces = std::move(faces);
  list.Append(std::move(chunk));
}

List ListOf(const Faces& faces) {
  List list;
  if (!faces.empty()) Append(list, std::make_shared<const Faces>(faces));
  return list;
}

TEST(NewItemsTest, FindsWhatWasNotThereBefore) {
  const List before = ListOf({Make(1, "a"), Make(2, "b")});
  const List now = ListOf({Make(1, "a"), Make(2, "b"), Make(3, "c")});
  const NewItems<ContainerLabels> items(before, now);
  EXPECT_EQ(items.size(), 1U);
  EXPECT_EQ(items.Find(0), nullptr);
  EXPECT_EQ(items.Find(1), nullptr);
  ASSERT_NE(items.Find(2), nullptr);
  EXPECT_EQ(items.Find(2)->before, std::nullopt);
}

TEST(NewItemsTest, FindsWhereWhatHasEndedOrHasOtherLabelsStood) {
  const List before = ListOf({Make(1, "a"), Make(2, "b"), Make(3, "c")});
  const List now = ListOf({Make(3, "c", WorkloadState::kTerminated), Make(2, "B"), Make(1, "a")});
  const NewItems<ContainerLabels> items(before, now);
  ASSERT_NE(items.Find(0), nullptr);
  EXPECT_EQ(items.Find(0)->before, 2U);
  EXPECT_FALSE(items.Find(0)->relabelled);
  ASSERT_NE(items.Find(1), nullptr);
  EXPECT_EQ(items.Find(1)->before, 1U);
  EXPECT_TRUE(items.Find(1)->relabelled);
  EXPECT_EQ(items.Find(2), nullptr) << "it only stands elsewhere";
}

TEST(NewItemsTest, AnotherOfTheSameLabelsIsNew) {
  const List before = ListOf({Make(1, "a")});
  const List now = ListOf({Make(2, "a")});
  const NewItems<ContainerLabels> items(before, now);
  ASSERT_NE(items.Find(0), nullptr);
  EXPECT_EQ(items.Find(0)->before, std::nullopt);
}

TEST(NewItemsTest, WhatBothListsShareIsNotLookedAt) {
  const auto shared = std::make_shared<const Faces>(Faces{Make(7, "x"), Make(7, "y")});  // as no list has it
  List before, now;
  Append(before, std::make_shared<const Faces>(Faces{Make(1, "a")}));
  Append(before, shared);
  Append(now, shared);
  Append(now, std::make_shared<const Faces>(Faces{Make(1, "a"), Make(2, "b")}));
  const NewItems<ContainerLabels> items(before, now);
  EXPECT_EQ(items.size(), 1U);
  ASSERT_NE(items.Find(3), nullptr);
}

class NewSeriesTest : public ::testing::Test {
 protected:
  static std::shared_ptr<monitor::Snapshot> SnapshotOf(const Faces& faces) {
    auto snapshot = std::make_shared<monitor::Snapshot>();
    snapshot->zones = {{"package", "/p", {}}};
    snapshot->containers = ListOf(faces);
    return snapshot;
  }
  static Faces Many(size_t count) {
    Faces faces;
    for (size_t i = 0; i < count; ++i) faces.push_back(Make(i, std::to_string(i)));
    return faces;
  }
  static std::shared_ptr<const NewSeries> Between(const NewSeries::Snapshots& before, const NewSeries::Snapshots& now,
                                                  const std::vector<std::string>& levels = {"container"}) {
    return NewSeries::Between(before, kBeforeMs, now, kNowMs, levels);
  }
};

TEST_F(NewSeriesTest, ThereAreNoneWhereNothingIsNew) {
  const auto snapshot = SnapshotOf(Many(3));
  EXPECT_EQ(Between(snapshot, snapshot), nullptr);
  EXPECT_EQ(Between(SnapshotOf({}), snapshot, {"process"}), nullptr) << "this level is not rendered";
}

TEST_F(NewSeriesTest, ThereAreNoneWhereTheZonesAreOthers) {
  const auto before = SnapshotOf({});
  before->zones[0].name = "core";
  EXPECT_EQ(Between(before, SnapshotOf(Many(1))), nullptr);
}

TEST_F(NewSeriesTest, ThereAreNoneBetweenScrapesThatAreTooNear) {
  const auto before = SnapshotOf({}), now = SnapshotOf(Many(1));
  EXPECT_EQ(NewSeries::Between(before, kNowMs - 3, now, kNowMs, {"container"}), nullptr);
  EXPECT_EQ(NewSeries::Between(before, kNowMs + 9, now, kNowMs, {"container"}), nullptr) << "the clock was set back";
  const auto near = NewSeries::Between(before, kNowMs - 40, now, kNowMs, {"container"});
  ASSERT_NE(near, nullptr);
  EXPECT_GT(near->TimeOf(0) - (near->RepeatsOf(*near->Of(now->containers)) - 1), kNowMs - 40);
  EXPECT_LT(near->TimeOf(kNowMs), kNowMs);
}

TEST_F(NewSeriesTest, NoMoreIsToldThanThereIsRoomFor) {
  const auto before = SnapshotOf({}), now = SnapshotOf(Many(10));  // one zone and the CPU time of each
  const uint64_t samples = 10 * (now->zones.size() + 1);
  EXPECT_EQ(NewSeries::Between(before, kBeforeMs, now, kNowMs, {"container"}, samples - 1), nullptr);
  const auto series = NewSeries::Between(before, kBeforeMs, now, kNowMs, {"container"}, 3 * samples);
  ASSERT_NE(series, nullptr);
  EXPECT_EQ(series->RepeatsOf(*series->Of(now->containers)), 3U);
}

TEST_F(NewSeriesTest, TheirTimesLieWellBetweenTheScrapes) {
  const auto now = SnapshotOf(Many(1));
  const auto series = Between(SnapshotOf({}), now);
  ASSERT_NE(series, nullptr);
  EXPECT_EQ(series->TimeOf(kBeforeMs + 7000), kBeforeMs + 7000);
  EXPECT_EQ(series->TimeOf(kNowMs), kNowMs - 3750);
  EXPECT_EQ(series->TimeOf(kBeforeMs), kBeforeMs + 3750 + 127);
  EXPECT_EQ(series->TimeOf(std::nullopt), series->TimeOf(0));
  const auto* const items = series->Of(now->containers);
  ASSERT_NE(items, nullptr);
  EXPECT_NE(items->Find(0), nullptr);
  EXPECT_EQ(series->Of(now->processes), nullptr);
}

TEST_F(NewSeriesTest, ManyAreToldLessOften) {
  const auto repeats = [](size_t count) {
    const auto now = SnapshotOf(Many(count));
    const auto series = Between(SnapshotOf({}), now);
    return series->RepeatsOf(*series->Of(now->containers));
  };
  EXPECT_EQ(repeats(1), 128U);
  EXPECT_EQ(repeats(100), 20U);
  EXPECT_EQ(repeats(5000), 1U);
}

TEST_F(NewSeriesTest, AGroupIsNewIfItsLevelHadItNot) {
  using Groups = monitor::WorkloadList<monitor::GroupLabels>;
  const auto groups = [](uint64_t serials) {
    auto chunk = std::make_shared<Groups::Chunk>(0);
    Groups::Chunk::Faces faces;
    for (uint64_t i = 0; i < serials; ++i) {
      faces.push_back({.labels = std::make_shared<const monitor::GroupLabels>(), .serial = i});
      chunk->cpu_times.emplace_back();
    }
    chunk->faces = std::make_shared<const Groups::Chunk::Faces>(std::move(faces));
    Groups list;
    list.Append(std::move(chunk));
    return list;
  };
  const auto before = SnapshotOf({}), now = SnapshotOf({});
  before->groups.push_back({.level = "program", .label_names = {}, .groups = groups(1)});
  now->groups.push_back({.level = "namespace", .label_names = {}, .groups = groups(1)});
  now->groups.push_back({.level = "program", .label_names = {}, .groups = groups(2)});
  const auto series = Between(before, now, {"namespace", "program"});
  ASSERT_NE(series, nullptr);
  EXPECT_NE(series->Of(now->groups[0].groups)->Find(0), nullptr);
  EXPECT_EQ(series->Of(now->groups[1].groups)->Find(0), nullptr);
  EXPECT_NE(series->Of(now->groups[1].groups)->Find(1), nullptr);
}

}  // namespace
}  // namespace brahe::exposition
