#include "userspace/guests/guest_zones.h"

#include <gtest/gtest.h>

namespace brahe::guests {
namespace {

TEST(GuestZones, ZonesOfRaplAreWherePowercapHasThem) {
  const auto zones = GuestZonesOf({"core", "dram", "package", "psys"});
  ASSERT_EQ(zones.size(), 4U);
  EXPECT_EQ(zones[0].folder, "intel-rapl:0:0");
  EXPECT_EQ(zones[0].name, "core");
  EXPECT_EQ(zones[1].folder, "intel-rapl:0:2");
  EXPECT_EQ(zones[2].folder, "intel-rapl:0");
  EXPECT_EQ(zones[2].name, "package-0");
  EXPECT_EQ(zones[3].folder, "intel-rapl:1");
}

TEST(GuestZones, OthersFollowAtTheTop) {
  const auto zones = GuestZonesOf({"cpu rail", "package", "soc"});
  EXPECT_EQ(zones[0].folder, "intel-rapl:2");
  EXPECT_EQ(zones[0].name, "cpu_rail");
  EXPECT_EQ(zones[1].folder, "intel-rapl:0");
  EXPECT_EQ(zones[2].folder, "intel-rapl:3");
}

TEST(FolderName, LeadsNowhereElse) {
  EXPECT_EQ(FolderName("web-1.example@x+y_Z"), "web-1.example@x+y_Z");
  EXPECT_EQ(FolderName("../../x"), "_._.._x");
  EXPECT_EQ(FolderName(".."), "_.");
  EXPECT_EQ(FolderName("."), "_");
  EXPECT_EQ(FolderName(".hidden"), "_hidden");
  EXPECT_EQ(FolderName("/etc/passwd"), "_etc_passwd");
  EXPECT_EQ(FolderName("a\nb\x1b[2J\xc3\xa9"), "a_b__2J__");
  EXPECT_EQ(FolderName(std::string(1000, 'a')).size(), 96U);
}

}  // namespace
}  // namespace brahe::guests
