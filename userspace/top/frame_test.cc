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

std::string ErrorOf(const std::string& document) {
  const auto frame = ReadFrame(document);
  return frame ? "" : frame.error().message;
}

TEST(ReadFrameTest, WhatIsNoSnapshotIsAnError) {
  EXPECT_EQ(ErrorOf("<html>"), "no JSON");
  EXPECT_EQ(ErrorOf("[]"), "no snapshot of Brahe's: an object is expected");
  EXPECT_EQ(ErrorOf("7"), "no snapshot of Brahe's: epoch is missing or of another kind");
  EXPECT_EQ(ErrorOf("{}"), "no snapshot of Brahe's: epoch is missing or of another kind");
  EXPECT_EQ(ErrorOf("{\"zones\":[{}]}"), "no snapshot of Brahe's: zone in zones is missing or of another kind");
  const std::string document = DocumentOf(ValidSnapshot());
  EXPECT_EQ(ErrorOf(document.substr(0, document.size() / 2)), "no JSON");
  EXPECT_EQ(ErrorOf(document + "{}"), "no JSON");
}

TEST(ReadFrameTest, EachFieldThatIsReadMustBeThere) {
  const std::string document = DocumentOf(ValidSnapshot());
  for (const char* field : {"epoch",
                            "unix_ms",
                            "duration_ns",
                            "node_name",
                            "cpu_time_source",
                            "energy_source",
                            "energy_measured",
                            "usage_ppm",
                            "primary_zone",
                            "zone",
                            "all",
                            "active",
                            "idle",
                            "energy_uj",
                            "power_uw",
                            "socket",
                            "path",
                            "pid",
                            "comm",
                            "exe",
                            "container_id",
                            "vm_id",
                            "state",
                            "cpu_time_ns",
                            "container_name",
                            "runtime",
                            "pod_id",
                            "vm_name",
                            "hypervisor",
                            "pod_name",
                            "pod_namespace",
                            "level"}) {
    std::string spoilt = document;
    const std::string name = "\"" + std::string(field) + "\":";
    ASSERT_NE(spoilt.find(name), std::string::npos) << field;
    for (size_t at = 0; (at = spoilt.find(name, at)) != std::string::npos;) spoilt.insert(at + 1, "x");
    EXPECT_THAT(ErrorOf(spoilt), HasSubstr(field)) << field;
  }
}

TEST(ReadFrameTest, WorkloadsHaveTheZonesOfTheNode) {
  std::string document = DocumentOf(ValidSnapshot());
  const std::string first = "{\"zone\":\"package\",\"energy_uj\":20000000,\"power_uw\":2000000},";
  const size_t at = document.find(first);
  ASSERT_NE(at, std::string::npos);
  document.erase(at, first.size());
  EXPECT_THAT(ErrorOf(document), HasSubstr("zones in processes: the same are expected in each"));
  document =
      "{\"pods\":[{\"pod_id\":\"p\",\"pod_name\":\"\",\"pod_namespace\":\"\",\"state\":\"running\","
      "\"cpu_time_ns\":1,\"zones\":[{\"zone\":\"a\",\"energy_uj\":1,\"power_uw\":null}]}]," +
      DocumentOf(monitor::Snapshot()).substr(1);
  EXPECT_THAT(ErrorOf(document), HasSubstr("the zones of level pod are not the node's"));
}

TEST(ReadFrameTest, WhatIsBrokenOffAnywhereIsAnErrorAndNoCrash) {
  const std::string document = DocumentOf(ValidSnapshot());
  const size_t end = document.rfind('}');
  for (size_t size = 0; size <= end; ++size) ASSERT_NE(ErrorOf(document.substr(0, size)), "") << size;
}

TEST(ReadFrameTest, TakesFieldsThatItDoesNotKnow) {
  std::string document = DocumentOf(ValidSnapshot());
  document.insert(1, R"("new":[[{"zone":-1}],{"a":{"b":[1.5,{"c":null}]}}],"other":{"all":{"energy_uj":"x"}},)");
  const std::string item = "{\"pid\":";
  for (size_t at = 0; (at = document.find(item, at)) != std::string::npos; ++at) {
    document.insert(at + 1, R"("tags":["a",{"energy_uj":2}],"limits":{"a":1,"zones":{"b":"c"}},)");
  }
  const std::string group = "{\"level\":";
  for (size_t at = 0; (at = document.find(group, at)) != std::string::npos; ++at) {
    document.insert(at + 1, R"("members":["a"],"best":{"pid":1},)");
  }
  const auto read = ReadFrame(document);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, FrameOf(ValidSnapshot(), "node-1"));
}

}  // namespace
}  // namespace brahe::top
