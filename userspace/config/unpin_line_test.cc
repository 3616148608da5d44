#include "userspace/config/unpin_line.h"

#include <gtest/gtest.h>

namespace brahe::config {
namespace {

TEST(UnpinLineTest, TakesWhereThePinsAreAndNothingElse) {
  EXPECT_EQ(ParseUnpinLine({"--pins=/p", "--host.sysfs", "/s"})->config.unpin.pins, "/p");
  EXPECT_EQ(ParseUnpinLine({"--host.sysfs", "/s"})->config.host.sysfs, "/s");
  EXPECT_EQ(ParseUnpinLine({})->config.unpin.pins, "");
  EXPECT_EQ(ParseUnpinLine({"now"}).error().message, "brahe unpin: now: nothing but flags is expected");
  EXPECT_NE(ParseUnpinLine({"--help"})->text.find("Usage: brahe unpin"), std::string::npos);
}

}  // namespace
}  // namespace brahe::config
