#include "userspace/energy/zone_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "userspace/energy/log_lines.h"

namespace brahe::energy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ParseZoneNameTest, TakesTheNumbersOffTheName) {
  const auto parse = [](std::string_view raw) {
    const ParsedZoneName parsed = ParseZoneName(raw);
    return parsed.name + (parsed.number ? " " + std::to_string(*parsed.number) : "");
  };
  EXPECT_EQ(parse("package-0"), "package 0");
  EXPECT_EQ(parse("package-12"), "package 12");
  EXPECT_EQ(parse("package-1-die-3"), "package 1");
  EXPECT_EQ(parse("Package-1-DIE-0"), "package 1");
  EXPECT_EQ(parse("psys-1"), "psys 1");
  EXPECT_EQ(parse("dram"), "dram");
  EXPECT_EQ(parse("package-"), "package-");
  EXPECT_EQ(parse("package-a"), "package-a");
  EXPECT_EQ(parse("-1"), "-1");
  EXPECT_EQ(parse("package-4294967296"), "package-4294967296");
  EXPECT_EQ(parse(""), "");
}

TEST(WantedZoneNamesTest, TellsOfThoseThatAreMissing) {
  LogLines log;
  EXPECT_THAT(*WantedZoneNames("perf", {}, {"core", "dram"}), ElementsAre("core", "dram"));
  EXPECT_THAT(log.lines, ElementsAre());
  EXPECT_THAT(*WantedZoneNames("perf", {"gpu", "DRAM"}, {"core", "dram"}), ElementsAre("dram"));
  EXPECT_THAT(log.lines, ElementsAre("W perf: no zone is called gpu; this machine has core, dram"));
  const auto none = WantedZoneNames("perf", {"gpu"}, {"core", "dram"});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, AllOf(HasSubstr("called gpu"), HasSubstr("core, dram")));
}

}  // namespace
}  // namespace brahe::energy
