#include "userspace/guests/guest_trees.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "userspace/base/temp_tree.h"
#include "userspace/exposition/test_snapshot.h"

namespace brahe::guests {
namespace {

struct TestVm {
  std::string id, name;
  uint64_t package_uj = 0;
  bool runs = true;
  uint64_t serial = 0;  // each of one snapshot has its own
};

class GuestTreesTest : public testing::Test {
 protected:
  // An epoch of 5 s at whose end there are these.
  void Epoch(const std::vector<TestVm>& vms) {
    monitor::Snapshot snapshot;
    now_ += Seconds(5);
    snapshot.time = now_;
    snapshot.begin = begin_;
    snapshot.zones.resize(2);
    snapshot.zones[0].name = "package";
    snapshot.zones[1].name = "dram";
    for (monitor::ZoneSeries& zone : snapshot.zones) zone.state = {.source = "rapl", .measured = true};
    using Chunk = monitor::WorkloadChunk<monitor::VmLabels>;
    auto chunk = std::make_shared<Chunk>(2);
    Chunk::Faces faces;
    for (const TestVm& vm : vms) {
      const monitor::VmLabels labels{.id = vm.id, .name = vm.name, .hypervisor = "kvm"};
      faces.push_back({.labels = std::make_shared<const monitor::VmLabels>(labels),
                       .state = vm.runs ? monitor::WorkloadState::kRunning : monitor::WorkloadState::kTerminated,
                       .serial = vm.serial});
      chunk->AddFigures({}, [&](size_t zone) {
        return monitor::EnergyFigure{.energy = {zone == 0 ? vm.package_uj : vm.package_uj / 10}, .power = {}};
      });
    }
    chunk->faces = std::make_shared<const Chunk::Faces>(std::move(faces));
    if (!vms.empty()) snapshot.vms.Append(chunk);
    trees_->Update(snapshot);
  }
  void Restart() {
    begin_ = now_;
    trees_.emplace(options_);
  }
  // What the guest of a folder reads; nullopt: nothing.
  [[nodiscard]] std::optional<uint64_t> Counter(const std::string& folder,
                                                const std::string& zone = "intel-rapl:0") const {
    const auto text = ReadFile(Path(folder) + "/" + zone + "/energy_uj");
    if (!text) return std::nullopt;
    return ParseUint64(*text).value_or(0);
  }
  [[nodiscard]] std::string Path(const std::string& folder) const { return options_.directory + "/" + folder; }
  [[nodiscard]] bool Exists(const std::string& folder) const { return access(Path(folder).c_str(), F_OK) == 0; }

  TempTree files_;
  GuestTreesOptions options_{.directory = files_.At("guests"), .retention = Seconds(60)};
  Nanoseconds now_ = Seconds(1000);
  Nanoseconds begin_ = now_;
  std::optional<GuestTrees> trees_{options_};
};

TEST_F(GuestTreesTest, EachVmHasATreeOfItsOwn) {
  Epoch({{"a", "web", 100, true, 1}, {"b", "db", 30, true, 2}, {"c", "", 7, true, 3}});
  Epoch({{"a", "web", 150, true, 1}, {"b", "db", 30, true, 2}, {"c", "", 8, true, 3}});
  EXPECT_EQ(Counter("web"), 150U);
  EXPECT_EQ(Counter("web", "intel-rapl:0:2"), 15U);
  EXPECT_EQ(Counter("db"), 30U);
  EXPECT_EQ(Counter("c"), 8U);
}

TEST_F(GuestTreesTest, ANameLeadsNowhereElse) {
  Epoch({{"a", "../../x", 100, true, 1}, {"b", "..", 30, true, 2}, {"c/../..", "", 7, true, 3}});
  EXPECT_EQ(Counter("_._.._x"), 100U);
  EXPECT_EQ(Counter("_."), 30U);
  EXPECT_EQ(Counter("c_.._.."), 7U);
  EXPECT_NE(access(files_.At("x").c_str(), F_OK), 0);
}

TEST_F(GuestTreesTest, TwoOfOneNameHaveATreeEachAndKeepItOverARestart) {
  Epoch({{"b", "web", 100, true, 1}});
  Epoch({{"b", "web", 100, true, 1}, {"a", "web", 30, true, 2}});
  EXPECT_EQ(Counter("web"), 100U);
  EXPECT_EQ(Counter("web.a"), 30U);
  Restart();
  Epoch({{"a", "web", 5, true, 1}, {"b", "web", 7, true, 2}});
  EXPECT_EQ(Counter("web"), 107U);
  EXPECT_EQ(Counter("web.a"), 35U);
}

TEST_F(GuestTreesTest, AfterARestartNobodyGetsTheTreeOfOneWhoIsNotThereYet) {
  Epoch({{"b", "web", 100, true, 1}, {"a", "web", 30, true, 2}});
  Restart();
  Epoch({{"a", "web", 5, true, 1}});
  Epoch({{"a", "web", 6, true, 1}, {"b", "web", 7, true, 2}});
  EXPECT_EQ(Counter("web"), 107U);
  EXPECT_EQ(Counter("web.a"), 36U);
}

TEST_F(GuestTreesTest, ANewVmOfAnOldNameGetsTheTreeOnceItIsClearThatTheOldOneIsGone) {
  Epoch({{"old", "web", 100, true, 1}});
  Restart();
  for (int epoch = 1; epoch <= 6; ++epoch) Epoch({{"new", "web", 10, true, 1}});
  EXPECT_EQ(Counter("web"), 110U);
}

TEST_F(GuestTreesTest, AVmThatEndsAndComesBackGoesOn) {
  Epoch({{"a", "web", 100, true, 1}});
  Epoch({{"a", "web", 120, false, 1}});
  EXPECT_EQ(Counter("web"), 120U);
  Epoch({{"a", "web", 120, false, 1}, {"a", "web", 5, true, 2}});
  EXPECT_EQ(Counter("web"), 125U);
  Epoch({{"a", "web", 9, true, 2}});
  EXPECT_EQ(Counter("web"), 129U);
}

TEST_F(GuestTreesTest, AVmOfAnotherIdTakesTheTreeOfOneThatHasEndedOver) {
  Epoch({{"a", "web", 100, true, 1}});
  Epoch({{"a", "web", 120, false, 1}, {"b", "web", 5, true, 2}});
  Epoch({{"a", "web", 120, false, 1}, {"b", "web", 8, true, 2}});
  EXPECT_GE(Counter("web"), 108U);
  EXPECT_FALSE(Exists("web.b"));
}

TEST_F(GuestTreesTest, ATreeIsTheSameFolderAcrossARestartAndGoesOn) {
  Epoch({{"a", "web", 100, true, 1}});
  struct stat before = {}, after = {};
  ASSERT_EQ(stat(Path("web").c_str(), &before), 0);
  Restart();
  Epoch({{"a", "web", 0, true, 1}});
  EXPECT_EQ(Counter("web"), 100U);
  Epoch({{"a", "web", 20, true, 1}});
  EXPECT_EQ(Counter("web"), 120U);
  ASSERT_EQ(stat(Path("web").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(GuestTreesTest, TreesOfThoseWhoAreGoneAreRemovedAfterATime) {
  ASSERT_EQ(mkdir(options_.directory.c_str(), 0755), 0);
  ASSERT_EQ(mkdir(Path("mine").c_str(), 0755), 0);
  Epoch({{"a", "web", 100, true, 1}, {"b", "mine", 9, true, 2}});
  for (int epoch = 1; epoch <= 11; ++epoch) Epoch({});
  EXPECT_TRUE(Exists("web"));
  for (int epoch = 1; epoch <= 3; ++epoch) Epoch({});
  EXPECT_FALSE(Exists("web"));
  EXPECT_EQ(Counter("mine"), 9U) << "the administrator's folder";
}

TEST_F(GuestTreesTest, SoAreThoseOfAnEarlierRunOfTheExporter) {
  Epoch({{"a", "web", 100, true, 1}, {"b", "db", 9, true, 2}});
  Restart();
  for (int epoch = 1; epoch <= 15; ++epoch) Epoch({{"b", "db", 1, true, 1}});
  EXPECT_FALSE(Exists("web"));
  EXPECT_EQ(Counter("db"), 10U);
}

TEST_F(GuestTreesTest, OneThatComesBackBeforeThatKeepsItsTree) {
  Epoch({{"a", "web", 100, true, 1}});
  Restart();
  Epoch({});
  Epoch({{"a", "web", 3, true, 1}});
  for (int epoch = 1; epoch <= 20; ++epoch) Epoch({{"a", "web", 3, true, 1}});
  EXPECT_EQ(Counter("web"), 103U);
}

TEST_F(GuestTreesTest, OneThatComesBackWithAnotherNameGetsTheFolderOfThat) {
  Epoch({{"a", "web", 100, true, 1}});
  Epoch({});
  Epoch({{"a", "shop", 7, true, 2}});
  EXPECT_EQ(Counter("web"), 100U);
  EXPECT_EQ(Counter("shop"), 7U);
  for (int epoch = 1; epoch <= 13; ++epoch) Epoch({{"a", "shop", 7, true, 2}});
  EXPECT_FALSE(Exists("web"));
  EXPECT_TRUE(Exists("shop"));
}

TEST_F(GuestTreesTest, AFolderThatClaimsToBeAnothersGetsNothingOfIt) {
  Epoch({{"a", "web", 100, true, 1}});
  Restart();
  files_.Write("guests/web/vm", "b\nmade by brahe\n");
  Epoch({});
  Epoch({{"b", "db", 7, true, 1}});
  EXPECT_EQ(Counter("db"), 7U);
  EXPECT_EQ(Counter("web"), 100U);
}

TEST_F(GuestTreesTest, ALeftoverIsNotTakenFromOneWhoMayStillCome) {
  Epoch({{"b", "web", 100, true, 1}});
  Restart();
  Epoch({});
  Epoch({{"a", "web", 5, true, 1}});
  Epoch({{"a", "web", 6, true, 1}, {"b", "web", 7, true, 2}});
  EXPECT_EQ(Counter("web"), 107U);
  EXPECT_EQ(Counter("web.a"), 6U);
}

TEST_F(GuestTreesTest, EnergyOfATimeWithoutADirectoryIsWrittenOnceThereIsOne) {
  files_.Write("guests", "in the way");
  Epoch({{"a", "web", 100, true, 1}});
  Epoch({{"a", "web", 200, true, 1}});
  files_.Remove("guests");
  Epoch({{"a", "web", 250, true, 1}});
  EXPECT_EQ(Counter("web"), 250U);
}

TEST_F(GuestTreesTest, OneTreeThatCannotBeWrittenDoesNotKeepTheOthers) {
  files_.Write("guests/web", "in the way");
  Epoch({{"a", "web", 100, true, 1}, {"b", "db", 9, true, 2}});
  EXPECT_EQ(Counter("db"), 9U);
  files_.Remove("guests/web");
  Epoch({{"a", "web", 110, true, 1}, {"b", "db", 10, true, 2}});
  EXPECT_EQ(Counter("web"), 110U);
}

}  // namespace
}  // namespace brahe::guests
