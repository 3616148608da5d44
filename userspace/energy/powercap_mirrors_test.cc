#include "userspace/energy/powercap_mirrors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "userspace/energy/powercap_fixture.h"

namespace brahe::energy {
namespace {

using testing::ElementsAre;

class PowercapMirrorsTest : public PowercapTest {
 protected:
  // The folders of the zones that stay.
  [[nodiscard]] std::vector<std::string> Kept() const {
    auto zones = ScanPowercap(tree_.path())->zones;
    DropMirroredZones(zones);
    std::vector<std::string> folders;
    for (const PowercapZone& zone : zones) folders.push_back(zone.zone.path.substr(zone.zone.path.rfind('/') + 1));
    return folders;
  }
};

TEST_F(PowercapMirrorsTest, ACounterThatEachDieShowsIsCountedOnce) {
  for (const char* number : {"0", "1", "2"}) {
    AddZone(std::string("intel-rapl:") + number, std::string("package-0-die-") + number, 65'000'000);
  }
  AddZone("intel-rapl:3", "package-1-die-0", 65'000'001);
  AddZone("intel-rapl:4", "package-1-die-1", 65'000'001);
  EXPECT_THAT(Kept(), ElementsAre("intel-rapl:0", "intel-rapl:3"));
}

TEST_F(PowercapMirrorsTest, DiesWithCountersOfTheirOwnStay) {
  AddZone("intel-rapl:0", "package-0-die-0", 65'000'000);
  AddZone("intel-rapl:1", "package-0-die-1", 65'000'001);
  EXPECT_THAT(Kept(), ElementsAre("intel-rapl:0", "intel-rapl:1"));
}

TEST_F(PowercapMirrorsTest, EqualCountersOfOtherNamesOrSocketsAreNoMirrors) {
  AddZone("intel-rapl:0", "package-0", 65'000'000);
  AddZone("intel-rapl:0:0", "core", 65'000'000);
  AddZone("intel-rapl:1", "package-1", 65'000'000);
  AddZone("intel-rapl:2", "psys", 65'000'000);
  AddZone("intel-rapl:3", "psys-1", 65'000'000);
  EXPECT_THAT(Kept(), ElementsAre("intel-rapl:0:0", "intel-rapl:0", "intel-rapl:1", "intel-rapl:2", "intel-rapl:3"));
}

TEST_F(PowercapMirrorsTest, CountersThatTellNothingStay) {
  AddZone("intel-rapl:0", "package-0-die-0", 0);
  AddZone("intel-rapl:1", "package-0-die-1", 0);
  AddZone("intel-rapl:2", "package-1-die-0", 65'000'000);
  AddZone("intel-rapl:3", "package-1-die-1", 65'000'000);
  Break("intel-rapl:3");
  EXPECT_EQ(Kept().size(), 4U);
}

TEST_F(PowercapMirrorsTest, TheMeterChargesTheEnergyOfASocketOnce) {
  AddZone("intel-rapl:0", "package-0-die-0", 65'000'000);
  AddZone("intel-rapl:1", "package-0-die-1", 65'000'000);
  Start();
  Set("intel-rapl:0", 75'000'000);
  Set("intel-rapl:1", 75'000'000);
  EXPECT_THAT(Epoch().used, ElementsAre(Joules(10)));
}

}  // namespace
}  // namespace brahe::energy
