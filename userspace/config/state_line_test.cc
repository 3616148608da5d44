#include "userspace/config/state_line.h"

#include <gtest/gtest.h>

namespace brahe::config {
namespace {

std::string ErrorOf(const Arguments& arguments) {
  const auto parsed = ParseStateLine(arguments);
  return parsed ? "" : parsed.error().message;
}

TEST(StateLineTest, TakesTheFolderAndHowItIsShown) {
  const auto parsed = ParseStateLine({"--json", "--state.dir", "/s", "--host.procfs=/p"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->config.show_state.json);
  EXPECT_EQ(parsed->config.state.dir, "/s");
  EXPECT_EQ(parsed->config.host.procfs, "/p");
  EXPECT_FALSE(ParseStateLine({})->config.show_state.json);
}

TEST(StateLineTest, SaysWhatIsWrong) {
  EXPECT_EQ(ErrorOf({"/s"}), "brahe state: /s: nothing but flags is expected");
  EXPECT_EQ(ErrorOf({"--state.dirs=/s"}), "brahe state: --state.dirs: unknown flag; did you mean --state.dir?");
  EXPECT_EQ(ErrorOf({"--state.dir"}), "brahe state: --state.dir: a value is expected");
  EXPECT_NE(ErrorOf({"--cpu.time-source=bpf"}), "") << "nothing is counted";
  EXPECT_NE(ErrorOf({"--state.keep-counting"}), "") << "nothing is kept";
}

TEST(StateLineTest, HelpIsOfThisCommand) {
  const auto parsed = ParseStateLine({"--help"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->text.starts_with("Shows what an exporter keeps over its end"));
  EXPECT_NE(parsed->text.find("--state.dir"), std::string::npos);
  EXPECT_NE(parsed->text.find("--[no-]json"), std::string::npos);
  EXPECT_EQ(parsed->text.find("--state.keep-counting"), std::string::npos);
}

}  // namespace
}  // namespace brahe::config
