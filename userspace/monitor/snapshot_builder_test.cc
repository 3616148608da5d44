#include "userspace/monitor/snapshot_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brahe::monitor {
namespace {

using testing::HasSubstr;

// Chunks of two processes each that have these energies in the one zone.
Snapshot SnapshotOf(const std::vector<uint64_t>& energies) {
  Snapshot snapshot;
  using Chunk = WorkloadChunk<ProcessLabels>;
  for (size_t i = 0; i + 1 < energies.size(); i += 2) {
    auto chunk = std::make_shared<Chunk>(1);
    chunk->faces = std::make_shared<const Chunk::Faces>(2);
    for (const size_t item : {i, i + 1}) {
      chunk->AddFigures({}, [&](size_t) { return EnergyFigure{{energies[item]}, std::nullopt}; });
    }
    snapshot.processes.Append(chunk);
  }
  return snapshot;
}

Status Check(Snapshot snapshot, uint64_t unlisted, uint64_t active, uint64_t idle, uint64_t all) {
  snapshot.zones = {{"package", "/p", {.all = {{all}, {}}, .active = {{active}, {}}, .idle = {{idle}, {}}}}};
  snapshot.processes.SetRest({{.unlisted = {.energy = {unlisted}, .power = {}}, .pending = {}}});
  return CheckBalance(snapshot);
}

TEST(CheckBalanceTest, BooksThatAddUpAreBalanced) {
  EXPECT_TRUE(Check(SnapshotOf({1, 2, 30, 40}), 100, 173, 7, 180).has_value());
  EXPECT_TRUE(Check(SnapshotOf({}), 100, 100, 0, 100).has_value());
}

TEST(CheckBalanceTest, AMicrojouleOfOneProcessIsMissed) {
  const Status status = Check(SnapshotOf({1, 2, 30, 41}), 100, 173, 7, 180);
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, HasSubstr("zone package: active is 173 uJ, listed + unlisted is 174 uJ"));
  EXPECT_FALSE(Check(SnapshotOf({0, 2, 30, 40}), 100, 173, 7, 180).has_value());
}

TEST(CheckBalanceTest, AMicrojouleOfTheUnlistedOrOfIdlenessIsMissed) {
  EXPECT_FALSE(Check(SnapshotOf({1, 2, 30, 40}), 99, 173, 7, 180).has_value());
  EXPECT_FALSE(Check(SnapshotOf({1, 2, 30, 40}), 100, 173, 8, 180).has_value());
}

TEST(CheckBalanceTest, MoreThanThereIsAtAnyOtherLevelIsMissed) {
  const std::vector<ListRest> less_than_nothing = {
      {.unlisted = {.energy = Microjoules{} - Microjoules{1}, .power = {}}, .pending = {}}};
  Snapshot snapshot = SnapshotOf({173});
  snapshot.pods.SetRest(less_than_nothing);
  EXPECT_FALSE(Check(snapshot, 173, 173, 7, 180).has_value());
  snapshot.pods.SetRest({});
  EXPECT_TRUE(Check(snapshot, 173, 173, 7, 180).has_value());
  snapshot.groups = {{.level = "program", .label_names = {"program"}, .groups = {}}};
  snapshot.groups[0].groups.SetRest(less_than_nothing);
  EXPECT_FALSE(Check(snapshot, 173, 173, 7, 180).has_value());
}

}  // namespace
}  // namespace brahe::monitor
