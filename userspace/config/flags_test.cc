#include "userspace/config/flags.h"

#include <gflags/gflags.h>
#include <glog/logging.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace brahe::config {
namespace {

std::string ErrorOf(const Arguments& arguments) {
  const auto given = SetFlags(arguments);
  return given ? "" : given.error().message;
}

// What gflags itself says of a flag.
google::CommandLineFlagInfo Of(const char* name) { return google::GetCommandLineFlagInfoOrDie(name); }

TEST(FlagsTest, GflagsKeepsTheirValuesDefaultsAndTypes) {
  const auto given = SetFlags({"--host.sysfs=/host/sys", "--exporter.stdout", "--rapl.zones", "core,dram"});
  ASSERT_TRUE(given) << given.error().message;
  std::vector<std::string> names;
  for (const Flag* flag : *given) names.push_back(flag->name);
  EXPECT_EQ(names, (std::vector<std::string>{"host.sysfs", "rapl.zones", "exporter.stdout"}));
  EXPECT_EQ(Of("host.sysfs").current_value, "/host/sys");
  EXPECT_EQ(Of("host.sysfs").default_value, "/sys");
  EXPECT_EQ(Of("rapl.zones").current_value, "core,dram");
  EXPECT_EQ(Of("exporter.stdout").current_value, "true");
  EXPECT_EQ(Of("exporter.stdout").type, "bool");
  EXPECT_EQ(Of("metrics").current_value, "all");
}

TEST(FlagsTest, WhatGflagsHoldsIsWhatIsRead) {
  ASSERT_TRUE(SetFlags({"--host.sysfs=/a"}));
  google::SetCommandLineOption("host.sysfs", "/b");
  const auto flag = std::find_if(Flags().begin(), Flags().end(), [](const Flag& f) { return f.name == "host.sysfs"; });
  ASSERT_NE(flag, Flags().end());
  EXPECT_EQ(ValueOf(*flag), "/b");
}

TEST(FlagsTest, SetAgainNothingIsLeftOfTheTimeBefore) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(SetFlags({"--host.sysfs=/a", "--metrics=node", "--debug.pprof", "--config.strict", "--config.file=f"}));
    EXPECT_EQ(Of("metrics").current_value, "node");
    EXPECT_EQ(Of("debug.pprof").current_value, "true");
    const auto given = SetFlags({"--metrics=vm"});
    ASSERT_TRUE(given);
    EXPECT_EQ(given->size(), 1U);
    EXPECT_EQ(Of("metrics").current_value, "vm");
    for (const Flag& flag : Flags()) {
      if (flag.name != "metrics" && !flag.of_glog) {
        EXPECT_EQ(ValueOf(flag), Of(flag.name.c_str()).default_value) << flag.name;
      }
    }
  }
}

TEST(FlagsTest, AListThatIsRepeatedKeepsItsOrder) {
  ASSERT_TRUE(
      SetFlags({"--metrics=vm", "--log.level=warn", "--metrics", "pod,node", "--metrics=", "--metrics=container"}));
  EXPECT_EQ(Of("metrics").current_value, "vm,pod,node,container");
  ASSERT_TRUE(SetFlags({"--metrics=", "--metrics=node"}));
  EXPECT_EQ(Of("metrics").current_value, "node");
  ASSERT_TRUE(SetFlags({"--log.level=warn", "--log.level=error"}));
  EXPECT_EQ(Of("log.level").current_value, "error");
}

TEST(FlagsTest, AnyTextIsAValue) {
  for (const std::string text : {"--x", "-x", "=", "a=b", "%s%n", "\xc3\xa9 \xff", "a\nb", "\"", "--help"}) {
    ASSERT_TRUE(SetFlags({"--kube.node-name=" + text})) << text;
    EXPECT_EQ(Of("kube.node-name").current_value, text);
  }
}

TEST(FlagsTest, AValueIsMissedAtTheEndAndBeforeAFlag) {
  EXPECT_EQ(ErrorOf({"--metrics=node", "--metrics"}), "--metrics: a value is expected");
  EXPECT_EQ(ErrorOf({"--v"}), "--v: a value is expected");
  EXPECT_EQ(ErrorOf({"--config.file", "--v=1"}), "--config.file: a value is expected before --v=1");
  EXPECT_EQ(ErrorOf({"--log.level", "--", "debug"}), "--log.level: a value is expected before --");
  EXPECT_EQ(ErrorOf({"--exporter.stdout="}), "--exporter.stdout: \"\" is neither true nor false");
}

TEST(FlagsTest, TheNearestNameIsSaidOfAnUnknownOne) {
  EXPECT_EQ(ErrorOf({"--host.sysf=/sys"}), "--host.sysf: unknown flag; did you mean --host.sysfs?");
  EXPECT_EQ(ErrorOf({"--vmodul=a=1"}), "--vmodul: unknown flag; did you mean --vmodule?");
  EXPECT_EQ(ErrorOf({"--log-utc-time"}), "--log-utc-time: unknown flag; did you mean --log_utc_time?");
  EXPECT_EQ(ErrorOf({"--noexporter.stdout"}), "--noexporter.stdout: unknown flag; did you mean --no-exporter.stdout?");
  EXPECT_EQ(ErrorOf({"--no-log.level"}), "--no-log.level: unknown flag; did you mean --log.level?");
  EXPECT_EQ(ErrorOf({"-log.level=warn"}), "-log.level: unknown flag; did you mean --log.level?");
  EXPECT_EQ(ErrorOf({"-v=1"}), "-v: unknown flag; did you mean --v?");
  EXPECT_EQ(ErrorOf({"--w=1"}), "--w: unknown flag; see --help");
  EXPECT_EQ(ErrorOf({"--=x"}), "--: unknown flag; see --help");
}

TEST(FlagsTest, ArgumentsThatAreNoFlagsAreRefused) {
  for (const std::string argument : {"run", "", "-", "--"}) {
    EXPECT_EQ(ErrorOf({"--v=0", argument, "--banana"}),
              "\"" + argument + "\": unexpected argument; write flags as --name=value and switches as --name");
  }
}

TEST(FlagsTest, EachFlagOfALibraryIsRefusedButTheThreeOfGlogs) {
  std::vector<google::CommandLineFlagInfo> all;
  google::GetAllFlags(&all);
  std::vector<std::string> refused;
  for (const auto& info : all) {
    const auto is_it = [&](const Flag& flag) { return flag.name == info.name; };
    if (std::any_of(Flags().begin(), Flags().end(), is_it)) continue;
    EXPECT_EQ(ErrorOf({"--" + info.name + "=/etc/passwd"}),
              "--" + info.name +
                  ": a library's flag, which is not taken here; see --help for those that are, and --config.file for a "
                  "file of settings");
    refused.push_back(info.name);
  }
  for (const char* name : {"flagfile", "fromenv", "tryfromenv", "undefok", "tab_completion_word", "helpfull", "helpxml",
                           "log_dir", "logtostderr", "minloglevel", "alsologtoemail"}) {
    EXPECT_EQ(std::count(refused.begin(), refused.end(), name), 1) << name;
  }
  EXPECT_EQ(ErrorOf({"--flagfile=/etc/passwd", "--flagfile"}).find("open"), std::string::npos);
}

TEST(FlagsTest, GlogsTakeEffectAtOnce) {
  ASSERT_TRUE(SetFlags({"--v=1", "--v", "2", "--vmodule=flags_test=4", "--vmodule=a*=1", "--log_utc_time"}));
  EXPECT_EQ(FLAGS_v, 2);
  EXPECT_EQ(FLAGS_vmodule, "flags_test=4,a*=1");
  EXPECT_TRUE(FLAGS_log_utc_time);
  EXPECT_TRUE(VLOG_IS_ON(4));
  EXPECT_FALSE(VLOG_IS_ON(5));
  ASSERT_TRUE(SetFlags({"--no-log_utc_time"}));
  EXPECT_FALSE(FLAGS_log_utc_time);
  EXPECT_EQ(FLAGS_v, 2);
}

TEST(FlagsTest, WhatGlogWouldSkipOrMisreadIsRefused) {
  for (const std::string text : {"", "loud", "1.5", "99999999999"}) {
    EXPECT_EQ(ErrorOf({"--v=" + text}), "--v: \"" + text + "\" is not NUMBER; see --help");
  }
  for (const std::string text : {"settings", "settings=", "=1", "settings=loud", "a=1,,b=2", "a=1;b=2"}) {
    EXPECT_EQ(ErrorOf({"--vmodule=" + text}), "--vmodule: \"" + text + "\" is not FILE=NUMBER; see --help");
  }
  EXPECT_EQ(ErrorOf({"--vmodule="}), "");
}

TEST(FlagsTest, HelpAndVersionAreAskedForInAnyCompany) {
  EXPECT_EQ(TextAskedFor({"--banana", "--help", "--version"}), "help");
  EXPECT_EQ(TextAskedFor({"run", "--version", "-h"}), "version");
  EXPECT_EQ(TextAskedFor({"--log.level", "-h"}), "help");
  EXPECT_EQ(TextAskedFor({"--kube.node-name=--help", "--", "--help"}), "");
  EXPECT_EQ(TextAskedFor({}), "");
}

}  // namespace
}  // namespace brahe::config
