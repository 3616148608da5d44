#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "userspace/exposition/json_snapshot.h"
#include "userspace/exposition/test_snapshot.h"
#include "userspace/top/document_frame.h"
#include "userspace/top/snapshot_frame.h"

namespace brahe::top {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

monitor::Snapshot ValidSnapshot() {
  monitor::Snapshot snapshot = exposition::SmallSnapshot();
  // In the document a byte that is no UTF-8 is U+FFFD.
  monitor::WorkloadList<monitor::ProcessLabels> processes;
  std::swap(processes, snapshot.processes);
  exposition::AddProcess(snapshot, {4711, "we\\ird\"\n", "/opt/x", "regular", "", ""}, monitor::WorkloadState::kRunning,
                         {20'000'000});
  exposition::AddProcess(snapshot, {12, "old", "/opt/y", "regular", "", ""}, monitor::WorkloadState::kTerminated, {5});
  std::erase_if(snapshot.groups, [](const monitor::GroupList& list) { return list.level == "program"; });
  return snapshot;
}

std::string DocumentOf(const monitor::Snapshot& snapshot) {
  return exposition::JsonRenderer(std::make_shared<const monitor::Snapshot>(snapshot), "node-1").ReadAll();
}

std::vector<std::string> LevelNames(const Frame& frame) {
  std::vector<std::string> names;
  for (const Level& level : frame.levels) names.push_back(level.name);
  return names;
}

TEST(FrameTest, IsTheSameFromASnapshotAsFromItsDocument) {
  const monitor::Snapshot snapshot = ValidSnapshot();
  const auto read = ReadFrame(DocumentOf(snapshot));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, FrameOf(snapshot, "node-1"));
}

TEST(FrameTest, HasTheLevelsInTheirOrderAndNamesForAll) {
  const Frame frame = FrameOf(exposition::SmallSnapshot(), "node-1");
  EXPECT_THAT(LevelNames(frame), ElementsAre("process", "program", "container", "pod", "namespace", "owner", "vm",
                                             "unit", "user", "job", "socket"));
  const Level* pods = frame.Find("pod");
  ASSERT_NE(pods, nullptr);
  EXPECT_EQ(pods->rows[0].name, "shop/web-7f");
  EXPECT_EQ(pods->rows[0].id, "pod-1");
  EXPECT_EQ(pods->rows[1].name, "pod-2");  // whose name is not known
  EXPECT_EQ(pods->rows[1].id, "");
  EXPECT_TRUE(pods->rows[1].ended);
  EXPECT_EQ(frame.Find("owner")->rows[0].name, "Deployment/web/shop");
  EXPECT_EQ(frame.Find("nobody"), nullptr);
}

TEST(FrameTest, SocketsHaveASingleFigureWhicheverZoneIsLookedAt) {
  const Frame frame = FrameOf(exposition::SmallSnapshot(), "node-1");
  const Level* sockets = frame.Find(kSocketLevel);
  ASSERT_NE(sockets, nullptr);
  EXPECT_EQ(sockets->rows[1].id, "1");
  EXPECT_EQ(sockets->rows[2].id, "");
  EXPECT_EQ(sockets->FigureOf(0, 0).energy, Microjoules{32'000'000});
  EXPECT_EQ(sockets->FigureOf(0, 1).energy, Microjoules{32'000'000});
  EXPECT_EQ(frame.Find("process")->FigureOf(0, 1).power, std::nullopt);
}

TEST(FrameTest, ASnapshotWithoutZonesHasNoRows) {
  monitor::Snapshot snapshot = exposition::SmallSnapshot();
  snapshot.zones.clear();
  snapshot.socket_zones.clear();
  EXPECT_TRUE(FrameOf(snapshot, "").levels.empty());
}

TEST(ReadFrameTest, WhatIsNoSnapshotIsAnError) {
  EXPECT_EQ(ReadFrame("<html>").error().message, "no JSON");
  EXPECT_THAT(ReadFrame("[]").error().message, HasSubstr("no snapshot of Brahe's: "));
  EXPECT_THAT(ReadFrame("{}").error().message, HasSubstr("epoch"));
  std::string document = DocumentOf(ValidSnapshot());
  EXPECT_FALSE(ReadFrame(document.substr(0, document.size() / 2)));
  for (const auto& [good, bad] : std::vector<std::pair<std::string, std::string>>{
           {"\"epoch\":7", "\"epoch\":\"7\""},
           {"\"cpu_time_ns\":", "\"cpu\":"},
           {"\"zones\":[{\"zone\":\"package\",\"energy_uj\":20000000,\"power_uw\":2000000},", "\"zones\":["}}) {
    std::string spoilt = document;
    const size_t at = spoilt.find(good);
    ASSERT_NE(at, std::string::npos) << good;
    spoilt.replace(at, good.size(), bad);
    EXPECT_FALSE(ReadFrame(spoilt)) << bad;
  }
}

}  // namespace
}  // namespace brahe::top
