#include "userspace/config/help_text.h"

#include <gtest/gtest.h>

namespace brahe::config {
namespace {

TEST(HelpTextTest, FlagsStandUnderTheirSectionsInColumns) {
  const std::vector<Flag> flags = {
      {kGeneralSection, "config.file", OptionKind::kValue, "FILE", "", "a file"},
      {"Host", "host.sysfs", OptionKind::kValue, "PATH", "/sys", "a folder"},
      {"Host", "hidden", OptionKind::kValue, "PATH", "", ""},
      {"Kube", "kube.enable", OptionKind::kSwitch, "", "false", "on or off"},
      {"Kube", "a.name.of.30.letters.and.stops", OptionKind::kValue, "NUMBER", "", "fills the column"},
      {"Kube", "one.name.of.31.letters.and.dots", OptionKind::kValue, "NUMBER", "7", "reaches the column"},
      {"Host", "host.procfs", OptionKind::kList, "PATH", "a,b", "more of an earlier section"},
  };
  EXPECT_EQ(HelpText("Usage: this\n", flags),
            R"(Usage: this

General:
  -h,--help                               print this help and exit
  --version                               print the version and exit
  --config.file FILE                      a file

Host:
  --host.sysfs PATH                       a folder (default: /sys)
  --host.procfs PATH                      more of an earlier section (default: a,b)

Kube:
  --[no-]kube.enable                      on or off (default: false)
  --a.name.of.30.letters.and.stops NUMBER fills the column
  --one.name.of.31.letters.and.dots NUMBER
                                          reaches the column (default: 7)
)");
}

}  // namespace
}  // namespace brahe::config
