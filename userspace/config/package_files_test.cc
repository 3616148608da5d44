#include "userspace/config/package_files.h"

#include <gtest/gtest.h>

#include <cctype>
#include <sstream>
#include <string>

#include "userspace/base/temp_tree.h"
#include "userspace/config/config.h"

namespace brahe::config {
namespace {

// What the binary makes of the sample file, or of it with the # before each setting removed.
CommandLine Parsed(bool uncommented) {
  std::istringstream sample(SampleConfiguration());
  std::string text;
  for (std::string line; std::getline(sample, line);) {
    const bool is_setting = line.size() > 1 && line[0] == '#' && std::isalpha(static_cast<unsigned char>(line[1])) != 0;
    text += (uncommented && is_setting ? line.substr(1) : line) + "\n";
  }
  const TempTree tree;
  tree.Write("brahe.yaml", text);
  const std::string flag = "--config.file=" + tree.At("brahe.yaml");
  const char* const argv[] = {"brahe", flag.c_str(), "--config.strict"};
  auto line = ParseCommandLine(3, argv);
  EXPECT_TRUE(line) << line.error().message;
  return line ? *line : CommandLine{};
}

constexpr char kSocket[] = "web.localSocket.path";

TEST(SampleConfiguration, OpensTheLocalSocketAndChangesNothingElse) {
  const CommandLine line = Parsed(/*uncommented=*/false);
  for (const Setting& setting : line.settings) {
    EXPECT_EQ(setting.origin == kDefaultOrigin, setting.key != kSocket) << setting.key;
  }
  EXPECT_EQ(line.config.web.local_socket.path, kPackagedSocket);
}

TEST(SampleConfiguration, HasEachSettingWithItsDefault) {
  const char* const argv[] = {"brahe"};
  auto defaults = ParseCommandLine(1, argv);
  ASSERT_TRUE(defaults);
  const CommandLine line = Parsed(/*uncommented=*/true);
  ASSERT_EQ(line.settings.size(), defaults->settings.size());
  for (size_t i = 0; i < line.settings.size(); ++i) {
    const Setting& setting = line.settings[i];
    EXPECT_EQ(setting.value, setting.key == kSocket ? kPackagedSocket : defaults->settings[i].value) << setting.key;
    // Of a list of sections that is empty nothing is given.
    EXPECT_EQ(setting.origin == kDefaultOrigin, setting.key == "experimental.hwmon.chipRules") << setting.key;
  }
}

TEST(ManualPage, TellsOfEachFlagAndItsKey) {
  const std::string page = ManualPage();
  EXPECT_NE(page.find("\n.TP\n\\fB\\-\\-monitor.max\\-terminated\\fR \\fINUMBER\\fR\n"), std::string::npos);
  EXPECT_NE(page.find("\n.BR monitor.maxTerminated .\n"), std::string::npos);
  EXPECT_NE(page.find("\\fB\\-\\-[no\\-]exporter.stdout\\fR\n"), std::string::npos);
  EXPECT_EQ(page.find("dcgm"), std::string::npos) << "what has no effect is left out";
}

}  // namespace
}  // namespace brahe::config
