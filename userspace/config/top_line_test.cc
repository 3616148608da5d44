#include "userspace/config/top_line.h"

#include <gtest/gtest.h>

namespace brahe::config {
namespace {

std::string ErrorOf(const Arguments& arguments) {
  const auto parsed = ParseTopLine(arguments);
  return parsed ? "" : parsed.error().message;
}

TEST(TopLineTest, TakesItsFlagsAndThoseThatSayWhereFiguresComeFrom) {
  const auto parsed = ParseTopLine({"--level=pod", "--interval", "2s", "--once", "--json", "--record=/r",
                                    "--record-limit=5", "--host.sysfs", "/s", "--cpu.time-source=procfs"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->config.top.level, "pod");
  EXPECT_EQ(parsed->config.top.interval, Seconds(2));
  EXPECT_TRUE(parsed->config.top.once);
  EXPECT_TRUE(parsed->config.top.json);
  EXPECT_EQ(parsed->config.top.record, "/r");
  EXPECT_EQ(parsed->config.top.record_limit, 5U);
  EXPECT_EQ(parsed->config.host.sysfs, "/s");
  EXPECT_EQ(parsed->config.cpu.time_source, "procfs");
  EXPECT_EQ(parsed->config.log.level, "warn");
  const auto defaults = ParseTopLine({});
  ASSERT_TRUE(defaults);
  EXPECT_EQ(defaults->config.top.level, "process");
  EXPECT_EQ(defaults->config.top.interval, Seconds(1));
}

TEST(TopLineTest, TakesAnExporterAndHowItIsAsked) {
  const auto parsed = ParseTopLine(
      {"--url=https://h:1", "--user=u", "--password-file=/p", "--ca-file=/c", "--cert-file=/cert", "--key-file=/key"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->config.top.url, "https://h:1");
  EXPECT_EQ(parsed->config.top.user, "u");
  EXPECT_EQ(parsed->config.top.password_file, "/p");
  EXPECT_EQ(parsed->config.top.ca_file, "/c");
  EXPECT_EQ(parsed->config.top.cert_file, "/cert");
  EXPECT_EQ(parsed->config.top.key_file, "/key");
  EXPECT_TRUE(ParseTopLine({"--url=unix:/run/s"}));
}

TEST(TopLineTest, TellsWhetherItIsSaidHowToCount) {
  for (const char* flag : {"--cpu.time-source=procfs", "--host.sysfs=/s", "--cpu.preferred-meters=model"}) {
    EXPECT_TRUE(ParseTopLine({flag})->says_how_to_count) << flag;
  }
  for (const char* flag : {"--once", "--log.level=info", "--v=1"}) {
    EXPECT_FALSE(ParseTopLine({flag})->says_how_to_count) << flag;
  }
}

TEST(TopLineTest, SaysWhatIsWrong) {
  EXPECT_EQ(ErrorOf({"--interval=99ms"}), "brahe top: --interval: at least 100ms are expected");
  EXPECT_EQ(ErrorOf({"--record-limit=0"}), "brahe top: --record-limit: at least 1 is expected");
  EXPECT_EQ(ErrorOf({"--url=http://h", "--replay=/f"}), "brahe top: figures come from one place: --url or --replay");
  EXPECT_EQ(ErrorOf({"--record=/a", "--replay=/f"}),
            "brahe top: --record: a recording is not recorded again; copy the file");
  EXPECT_EQ(ErrorOf({"--user=u"}), "brahe top: --url is expected with what is said of an exporter");
  EXPECT_EQ(ErrorOf({"--cert-file=/c", "--key-file=/k"}),
            "brahe top: --url is expected with what is said of an exporter");
  EXPECT_EQ(ErrorOf({"--url=https://h", "--key-file=/k"}),
            "brahe top: --cert-file and --key-file are given together or not at all");
  EXPECT_EQ(ErrorOf({"--url=unix:"}), "brahe top: --url: a path is expected after unix:");
  EXPECT_EQ(ErrorOf({"--url=unix:/s", "--user=u"}),
            "brahe top: a local socket wants no password and no certificate: it is told by the kernel who asks");
  EXPECT_EQ(ErrorOf({"--insecure-skip-verify"}), "brahe top: --url is expected with what is said of an exporter");
  EXPECT_NE(ErrorOf({"--level=sockets"}), "");
  EXPECT_EQ(ErrorOf({"now"}), "brahe top: now: nothing but flags is expected");
  EXPECT_EQ(ErrorOf({"--onse"}), "brahe top: --onse: unknown flag; did you mean --once?");
}

TEST(TopLineTest, HelpIsOfThisCommand) {
  const auto parsed = ParseTopLine({"--help"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->text.starts_with("Shows live who uses how many watts"));
  EXPECT_NE(parsed->text.find("--replay"), std::string::npos);
  EXPECT_EQ(parsed->text.find("--web.listen-address"), std::string::npos);
}

}  // namespace
}  // namespace brahe::config
