#include "userspace/config/run_line.h"

#include <gtest/gtest.h>

#include "userspace/base/temp_tree.h"

namespace brahe::config {
namespace {

using Command = std::vector<std::string>;

RunLine LineOf(const Arguments& arguments) {
  const auto line = ParseRunLine(arguments);
  EXPECT_TRUE(line) << line.error().message;
  return line ? *line : RunLine{};
}

std::string ErrorOf(const Arguments& arguments) {
  const auto line = ParseRunLine(arguments);
  return line ? "" : line.error().message;
}

TEST(RunLineTest, FlagsEndWhereTheCommandBegins) {
  const RunLine line = LineOf({"-r", "3", "--csv", "make", "-j8", "--json", "--", "x"});
  EXPECT_EQ(line.commands, (std::vector<Command>{{"make", "-j8", "--json", "--", "x"}}));
  EXPECT_EQ(line.config.run.repeat, 3U);
  EXPECT_TRUE(line.config.run.csv);
  EXPECT_FALSE(line.config.run.json);
}

TEST(RunLineTest, ACommandAfterTwoDashesMayBeginWithADash) {
  EXPECT_EQ(LineOf({"--no-wait", "--", "-odd", "--help"}).commands, (std::vector<Command>{{"-odd", "--help"}}));
  EXPECT_FALSE(LineOf({"--no-wait", "true"}).config.run.wait);
  EXPECT_TRUE(LineOf({"true"}).config.run.wait);
}

TEST(RunLineTest, FlagsOfTheExporterThatSayWhereFiguresComeFromAreTaken) {
  const TempTree tree;
  tree.Write("c.yaml", "rapl:\n  zones: [dram]\n");
  const std::string file = tree.At("c.yaml");
  const RunLine line = LineOf({"--host.sysfs", "/s", "--cpu.time-source=bpf", "--config.file", file, "true"});
  EXPECT_EQ(line.config.host.sysfs, "/s");
  EXPECT_EQ(line.config.cpu.time_source, "bpf");
  EXPECT_EQ(line.config.rapl.zones, (std::vector<std::string>{"dram"}));
  EXPECT_EQ(ErrorOf({"--web.listen-address=:1", "true"}).find("brahe run: --web.listen-address: unknown flag"), 0U);
}

TEST(RunLineTest, OnlyWarningsAreLoggedUnlessMoreIsAskedFor) {
  EXPECT_EQ(LineOf({"true"}).config.log.level, "warn");
  EXPECT_EQ(LineOf({"--log.level=info", "true"}).config.log.level, "info");
  EXPECT_NE(LineOf({"--help"}).text.find("that is logged (default: warn)"), std::string::npos);
}

TEST(RunLineTest, VersusStandsBetweenTwoCommands) {
  EXPECT_EQ(LineOf({"a", "-x", "--vs", "b"}).commands, (std::vector<Command>{{"a", "-x"}, {"b"}}));
  EXPECT_EQ(ErrorOf({"a", "--vs", "b", "--vs", "c"}),
            "brahe run: two commands at most are compared, with one --vs between them");
  EXPECT_EQ(ErrorOf({"a", "--vs"}), "brahe run: a command is expected before and after --vs; see brahe run --help");
}

TEST(RunLineTest, ErrorsNameTheFlagAndTheRemedy) {
  EXPECT_EQ(ErrorOf({"-r"}), "brahe run: -r: a value is expected");
  EXPECT_EQ(ErrorOf({"-r", "0", "true"}), "brahe run: --repeat: at least 1 is expected");
  EXPECT_EQ(ErrorOf({"-r", "x", "true"}).find("brahe run: --repeat: \"x\""), 0U) << ErrorOf({"-r", "x", "true"});
  EXPECT_EQ(ErrorOf({"--json", "--csv", "true"}), "brahe run: a report has one form: --json, --csv or --markdown");
  EXPECT_EQ(ErrorOf({}), "brahe run: a command is expected after the flags; see brahe run --help");
  EXPECT_EQ(
      ErrorOf({"--repaet=3", "true"}),
      "brahe run: --repaet: unknown flag; did you mean --repeat?; a command whose name begins so stands after --");
}

TEST(RunLineTest, HelpListsRunsOwnFlagsAndTheSharedOnes) {
  const std::string text = LineOf({"--help"}).text;
  for (const char* line : {"  -r,--repeat NUMBER ", "  --[no-]wait ", "  -o,--output FILE ", "  --host.sysfs PATH "}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("--web."), std::string::npos);
}

}  // namespace
}  // namespace brahe::config
