#include "userspace/energy/powercap_zones.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "userspace/base/temp_tree.h"
#include "userspace/energy/log_lines.h"
#include "userspace/energy/recorded_tree.h"

namespace brahe::energy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "NAME SOCKET FOLDER" a zone; "-" is the whole machine.
std::vector<std::string> Lines(const std::vector<PowercapZone>& zones) {
  std::vector<std::string> lines;
  for (const PowercapZone& zone : zones) {
    lines.push_back(zone.zone.name + " " + (zone.zone.socket ? std::to_string(*zone.zone.socket) : "-") + " " +
                    zone.zone.path.substr(zone.zone.path.rfind('/') + 1));
  }
  return lines;
}

class PowercapZonesTest : public testing::Test {
 protected:
  void AddZone(const std::string& folder, const std::string& name) const {
    tree_.Write("class/powercap/" + folder + "/name", name + "\n");
  }
  [[nodiscard]] std::vector<PowercapZone> Scan() const { return ScanPowercap(tree_.path())->zones; }
  [[nodiscard]] std::vector<PowercapZone> ScanDistinct() const {
    auto zones = Scan();
    DropDuplicateZones(zones);
    return zones;
  }

  TempTree tree_;
};

TEST_F(PowercapZonesTest, KnowsALaptop) {
  UnpackTree("testdata/energy/laptop.tree", tree_);
  EXPECT_THAT(Lines(Scan()),
              ElementsAre("core 0 intel-rapl:0:0", "dram 0 intel-rapl:0:2", "package 0 intel-rapl-mmio:0",
                          "package 0 intel-rapl:0", "psys - intel-rapl:1", "uncore 0 intel-rapl:0:1"));
  EXPECT_THAT(Lines(ScanDistinct()),
              ElementsAre("core 0 intel-rapl:0:0", "dram 0 intel-rapl:0:2", "package 0 intel-rapl:0",
                          "psys - intel-rapl:1", "uncore 0 intel-rapl:0:1"));
}

TEST_F(PowercapZonesTest, TakesTheSocketFromTheNameWherePsysStandsBetweenThePackages) {
  UnpackTree("testdata/energy/server.tree", tree_);
  EXPECT_THAT(Lines(ScanDistinct()),
              ElementsAre("dram 0 intel-rapl:0:0", "dram 1 intel-rapl:2:0", "package 0 intel-rapl:0",
                          "package 1 intel-rapl:2", "psys - intel-rapl:1"));
}

TEST_F(PowercapZonesTest, NamesTheFolderAsSeenUnderTheRoot) {
  AddZone("intel-rapl:0", "package-0");
  EXPECT_EQ(Scan().front().zone.path, tree_.path() + "/class/powercap/intel-rapl:0");
}

TEST_F(PowercapZonesTest, PutsTheDiesOfAPackageOnItsSocket) {
  AddZone("intel-rapl:0", "package-0-die-0");
  AddZone("intel-rapl:1", "package-0-die-1");
  AddZone("intel-rapl:2", "package-1-die-0");
  AddZone("intel-rapl:1:0", "dram");
  EXPECT_THAT(Lines(ScanDistinct()), ElementsAre("dram 0 intel-rapl:1:0", "package 0 intel-rapl:0",
                                                 "package 0 intel-rapl:1", "package 1 intel-rapl:2"));
}

TEST_F(PowercapZonesTest, TakesHexadecimalFoldersAndOtherRaplControlTypes) {
  AddZone("amd-rapl:a", "package-10");
  AddZone("amd-rapl:a:1f", "core");
  EXPECT_THAT(Lines(ScanDistinct()), ElementsAre("core 10 amd-rapl:a:1f", "package 10 amd-rapl:a"));
}

TEST_F(PowercapZonesTest, UnknownZonesAtTheTopAreOfTheWholeMachine) {
  AddZone("intel-rapl:0", "Battery");
  AddZone("intel-rapl:1", "psys");
  AddZone("intel-rapl:2", "psys-1");
  AddZone("intel-rapl:1:0", "core");
  EXPECT_THAT(Lines(ScanDistinct()), ElementsAre("battery - intel-rapl:0", "core - intel-rapl:1:0",
                                                 "psys - intel-rapl:1", "psys - intel-rapl:2"));
}

TEST_F(PowercapZonesTest, LeavesOutWhatIsNoRaplZone) {
  AddZone("intel-rapl", "control type");
  AddZone("dtpm:0", "package-0");
  AddZone("dtpm:0:rapl", "package-0");
  EXPECT_THAT(Scan(), IsEmpty());
}

TEST_F(PowercapZonesTest, KeepsAnMmioZoneOnlyWhereThereIsNoOther) {
  AddZone("intel-rapl-mmio:0", "package-0");
  AddZone("intel-rapl-mmio:0:0", "dram");
  AddZone("intel-rapl-mmio:1", "package-1");
  AddZone("intel-rapl:0", "package-0");
  EXPECT_THAT(Lines(ScanDistinct()),
              ElementsAre("dram 0 intel-rapl-mmio:0:0", "package 0 intel-rapl:0", "package 1 intel-rapl-mmio:1"));
}

TEST_F(PowercapZonesTest, AnyOtherControlTypeWinsOverMmio) {
  AddZone("intel-rapl-mmio:0", "package-0");
  AddZone("intel-rapl-tpmi:3", "package-0");
  EXPECT_THAT(Lines(ScanDistinct()), ElementsAre("package 0 intel-rapl-tpmi:3"));
}

TEST_F(PowercapZonesTest, AZoneKeepsItsIdWhenFoldersAreNumberedAnew) {
  AddZone("intel-rapl:0", "package-0");
  AddZone("intel-rapl:1", "package-1");
  AddZone("intel-rapl:1:0", "core");
  const std::string core_of_1 = Scan().front().id;
  EXPECT_EQ(core_of_1, "intel-rapl/package-1/core");
  tree_.Remove("class/powercap");
  AddZone("intel-rapl:0", "package-1");
  AddZone("intel-rapl:0:0", "core");
  AddZone("intel-rapl:1", "package-0");
  AddZone("intel-rapl:1:0", "core");
  const auto zones = Scan();
  EXPECT_EQ(zones[0].id, "intel-rapl/package-0/core");
  EXPECT_EQ(zones[0].zone.path, tree_.At("class/powercap/intel-rapl:1:0"));
  EXPECT_EQ(zones[1].id, core_of_1);
  EXPECT_EQ(zones[1].zone.path, tree_.At("class/powercap/intel-rapl:0:0"));
}

TEST_F(PowercapZonesTest, SaysWhichFoldersHaveNoNameAndListsTheOthers) {
  AddZone("intel-rapl:0", "package-0");
  AddZone("intel-rapl:1", "");
  tree_.Link("class/powercap/intel-rapl:2", "../../devices/masked");
  const auto scan = ScanPowercap(tree_.path());
  EXPECT_THAT(Lines(scan->zones), ElementsAre("package 0 intel-rapl:0"));
  ASSERT_EQ(scan->unnamed.size(), 2u);
  EXPECT_NE(scan->unnamed[0].message.find("intel-rapl:1/name"), std::string::npos);
  EXPECT_EQ(scan->unnamed[1].code, ENOENT);
}

TEST_F(PowercapZonesTest, NoPowercapFolderIsAnErrorAndAnEmptyOneIsNot) {
  EXPECT_EQ(ScanPowercap(tree_.path()).error().code, ENOENT);
  tree_.MakeFolder("class/powercap");
  EXPECT_THAT(ScanPowercap(tree_.path())->zones, IsEmpty());
}

TEST_F(PowercapZonesTest, TheCoreOfAmdIsOneCoresAndIsNotTakenForTheSockets) {
  AddZone("intel-rapl:0", "package-0");
  AddZone("intel-rapl:0:0", "core");
  const LogLines log;
  auto zones = ScanDistinct();
  DropZonesOfOneCore(tree_.path(), zones);
  EXPECT_THAT(Lines(zones), ElementsAre("core 0 intel-rapl:0:0", "package 0 intel-rapl:0")) << "of Intel's";
  EXPECT_THAT(log.lines, IsEmpty());
  tree_.Write("devices/system/cpu/modalias", "cpu:type:x86,ven0002fam0019mod0001:feature:,0000\n");
  DropZonesOfOneCore(tree_.path(), zones);
  EXPECT_THAT(Lines(zones), ElementsAre("package 0 intel-rapl:0"));
  EXPECT_THAT(log.lines, ElementsAre(testing::HasSubstr("I rapl: the zone core is left out")));
}

}  // namespace
}  // namespace brahe::energy
