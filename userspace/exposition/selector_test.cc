#include "userspace/exposition/selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "userspace/exposition/level_sizes.h"
#include "userspace/exposition/series_counts.h"
#include "userspace/exposition/test_snapshot.h"
#include "userspace/exposition/text_renderer.h"

namespace brahe::exposition {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A node on which much runs.
std::shared_ptr<const monitor::Snapshot> Crowd(uint64_t epoch, uint32_t processes, uint32_t pods) {
  monitor::Snapshot snapshot = SmallSnapshot();
  snapshot.epoch = epoch;
  for (uint32_t i = 0; i < processes; ++i) {
    AddProcess(snapshot, {5000 + i, "worker", "/w", "regular", "", ""}, monitor::WorkloadState::kRunning,
               {1000 + i * 7919 % 1000 + epoch});
  }
  for (uint32_t i = 0; i < pods; ++i) {
    AddPod(snapshot, {"p" + std::to_string(i), "p", "n"}, monitor::WorkloadState::kRunning, {500 + i});
    AddContainer(snapshot, {"c" + std::to_string(i), "c", "docker", ""}, monitor::WorkloadState::kRunning, {500 + i});
  }
  return std::make_shared<const monitor::Snapshot>(std::move(snapshot));
}

size_t SeriesIn(const monitor::Snapshot& snapshot, const RenderOptions& options, ExpositionFormat format) {
  TextRenderer renderer(
      std::make_shared<const RenderInput>(std::make_shared<const monitor::Snapshot>(snapshot), options), format, "");
  const std::string text = renderer.ReadAll();
  size_t series = 0;
  for (size_t line = 0; line < text.size(); line = text.find('\n', line) + 1) series += text[line] != '#' ? 1 : 0;
  return series;
}

TEST(Selector, WhereAllFitTheSnapshotIsShownAsItIs) {
  RenderOptions options = TestOptions();
  options.top_groups = 1000;
  options.top_processes = 100;
  Selector selector;
  const auto crowd = Crowd(1, 10, 10);
  const Selector::Selected selected = selector.Of(crowd, options, 100);
  EXPECT_EQ(selected.snapshot, crowd);
  EXPECT_THAT(selected.limit.levels, IsEmpty());
}

TEST(Selector, EachLevelOfGroupsHasAsManyAsAreAllowed) {
  RenderOptions options = TestOptions();
  options.top_groups = 1;
  Selector selector;
  auto crowd = std::make_shared<monitor::Snapshot>(*Crowd(1, 10, 10));
  monitor::GroupList& programs = crowd->groups.at(2);
  ASSERT_EQ(programs.level, "program");
  const std::vector<monitor::ListRest> rest = programs.groups.rest();
  AddWorkload(programs.groups, monitor::GroupLabels{{"/bin/big"}}, monitor::WorkloadState::kRunning, {},
              {{{Joules(90)}, Watts(1)}, {{Joules(90)}, {}}});
  const auto shown = selector.Of(crowd, options, 100).snapshot;
  ASSERT_EQ(shown->groups[2].groups.size(), 1U);
  EXPECT_EQ(shown->groups[2].groups[0].labels->values[0], "/bin/big");
  EXPECT_EQ(shown->groups[2].groups.rest()[0].unlisted.energy, rest[0].unlisted.energy + Microjoules{1'500'000});
  EXPECT_EQ(shown->processes.size(), crowd->processes.size());
  EXPECT_EQ(shown->pods.size(), crowd->pods.size());
}

TEST(Selector, ProcessesGiveWayFirstThenContainersAndAllIsStillInTheSums) {
  RenderOptions options = TestOptions();
  Selector selector;
  const auto crowd = Crowd(1, 500, 50);
  const size_t all = SeriesIn(*crowd, options, ExpositionFormat::kText) + 100;
  options.max_series = all + 5;  // a figure that is not known is counted as if it were
  EXPECT_THAT(selector.Of(crowd, options, 100).limit.levels, IsEmpty());
  options.max_series = all - 500;
  Selector::Selected selected = selector.Of(crowd, options, 100);
  EXPECT_THAT(selected.limit.levels, ElementsAre("process"));
  EXPECT_EQ(selected.snapshot->containers.size(), crowd->containers.size());
  options.max_series = all - 2700;
  selected = selector.Of(crowd, options, 100);
  EXPECT_THAT(selected.limit.levels, ElementsAre("container", "user", "unit", "program", "process"));
  EXPECT_EQ(selected.snapshot->pods.size(), crowd->pods.size());
  const auto& shown = selected.snapshot->containers;
  EXPECT_EQ(shown.Sum(0) + shown.rest()[0].unlisted.energy,
            crowd->containers.Sum(0) + crowd->containers.rest()[0].unlisted.energy);
}

TEST(Selector, AnExpositionNeverHasMoreSeriesThanAreAllowedInAnyFormat) {
  std::mt19937 random(9);
  Selector selector;
  for (uint64_t epoch = 1; epoch <= 150; ++epoch) {
    RenderOptions options = TestOptions();
    options.created_lines = epoch % 3 == 0;
    options.unlisted_as_process = epoch % 2 == 0;
    options.cpu_info = random() % 2 == 0;
    options.top_processes = random() % 3 == 0 ? random() % 100 : 0;
    options.max_series = 700 + random() % 1500;
    const uint64_t own = random() % 200;
    const auto crowd = Crowd(epoch, random() % 200, random() % 60);
    const Selector::Selected selected = selector.Of(crowd, options, own);
    ASSERT_LE(selected.limit.fixed, options.max_series);
    size_t most = 0;
    for (const ExpositionFormat format : {ExpositionFormat::kText, ExpositionFormat::kOpenMetrics}) {
      most = std::max(most, own + SeriesIn(*selected.snapshot, options, format));
    }
    ASSERT_LE(most, options.max_series) << epoch;
    ASSERT_LE(selected.limit.spare, options.max_series - most) << epoch;
  }
}

TEST(Selector, SaysWhenWhatIsNoWorkloadIsTooMuchAlready) {
  RenderOptions options = TestOptions();
  options.max_series = 10;
  Selector selector;
  const Selector::Selected selected = selector.Of(Crowd(1, 5, 5), options, 100);
  EXPECT_GT(selected.limit.fixed, selected.limit.most);
  EXPECT_EQ(selected.limit.spare, 0U);
  EXPECT_TRUE(selected.snapshot->processes.empty());
}

TEST(CountSeries, CountsByLevelWhatIsRendered) {
  const auto input = std::make_shared<const RenderInput>(Crowd(1, 20, 5), TestOptions());
  uint64_t all = 0;
  for (const auto& [level, series] : CountSeries(input)) all += series;
  EXPECT_EQ(all, SeriesIn(input->snapshot, TestOptions(), ExpositionFormat::kText));
  EXPECT_EQ(CountSeries(input).at("pod"), 7U * 4 + 5);
  EXPECT_GT(CountSeries(input).at(kNoLevel), 10U);
}

}  // namespace
}  // namespace brahe::exposition
