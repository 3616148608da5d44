#include "userspace/config/check_line.h"

#include <gtest/gtest.h>

namespace brahe::config {
namespace {

std::string ErrorOf(const Arguments& arguments) {
  const auto parsed = ParseCheckLine(arguments);
  return parsed ? "" : parsed.error().message;
}

TEST(CheckLineTest, TakesItsFlagsAndThoseThatSayWhereFiguresComeFrom) {
  const auto parsed = ParseCheckLine({"--json", "--seconds=20", "--host.sysfs", "/s"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->config.check.json);
  EXPECT_EQ(parsed->config.check.seconds, 20U);
  EXPECT_EQ(parsed->config.host.sysfs, "/s");
  EXPECT_EQ(parsed->config.log.level, "warn");
  EXPECT_EQ(ParseCheckLine({})->config.check.seconds, 10U);
}

TEST(CheckLineTest, SaysWhatIsWrong) {
  EXPECT_EQ(ErrorOf({"--seconds=2"}), "brahe check: --seconds: at least 3 are expected");
  EXPECT_NE(ErrorOf({"--seconds=4000"}), "");
  EXPECT_EQ(ErrorOf({"now"}), "brahe check: now: nothing but flags is expected");
  EXPECT_EQ(ErrorOf({"--", "now"}), "brahe check: now: nothing but flags is expected");
  EXPECT_EQ(ErrorOf({"--jsn"}), "brahe check: --jsn: unknown flag; did you mean --json?");
  EXPECT_EQ(ErrorOf({"--seconds"}), "brahe check: --seconds: a value is expected");
}

TEST(CheckLineTest, HelpIsOfThisCommand) {
  const auto parsed = ParseCheckLine({"--help"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->text.starts_with("Tells whether this machine measures well"));
  EXPECT_NE(parsed->text.find("--seconds"), std::string::npos);
  EXPECT_NE(parsed->text.find("--host.sysfs"), std::string::npos);
  EXPECT_EQ(parsed->text.find("--web.listen-address"), std::string::npos);
}

}  // namespace
}  // namespace brahe::config
