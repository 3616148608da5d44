#include "userspace/config/yaml_file.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "userspace/base/temp_tree.h"

namespace brahe::config {
namespace {

class YamlFileTest : public testing::Test {
 protected:
  Result<std::vector<Given>> Read(std::string_view content) {
    auto file = ReadFile(content);
    if (!file) return file.error();
    EXPECT_TRUE(file->unknown.empty());
    return std::move(file->given);
  }

  // What is unknown, each as one text without the folder before the file's name.
  std::vector<std::string> UnknownOf(std::string_view content) {
    const auto file = ReadFile(content);
    EXPECT_TRUE(file) << file.error().message;
    std::vector<std::string> unknown;
    for (const UnknownKey& key : file->unknown) {
      unknown.push_back(key.origin.substr(tree_.path().size() + 1) + key.hint);
    }
    return unknown;
  }

  // The message of the error without the folder before the file's name; empty if there was none.
  std::string ErrorOf(std::string_view content) {
    const auto given = Read(content);
    if (given) return "";
    const std::string folder = tree_.path() + "/";
    EXPECT_TRUE(given.error().message.starts_with(folder)) << given.error().message;
    EXPECT_EQ(given.error().message.find('\n'), std::string::npos);
    return given.error().message.substr(folder.size());
  }

  Result<YamlFile> ReadFile(std::string_view content) {
    tree_.Write("config.yaml", content);
    return ReadYamlFile(tree_.At("config.yaml"));
  }

  TempTree tree_;
};

TEST_F(YamlFileTest, TellsWhatIsGivenAndWhere) {
  const auto given = Read("# first\nmonitor:\n  interval: 3s\n\nrapl:\n  zones:\n    - package\n    - dram\n");
  ASSERT_TRUE(given) << given.error().message;
  ASSERT_EQ(given->size(), 2U);
  EXPECT_EQ((*given)[0].option->key, "monitor.interval");
  EXPECT_EQ((*given)[0].origin, tree_.At("config.yaml") + ":3: monitor.interval");
  EXPECT_EQ((*given)[0].texts, std::vector<std::string>{"3s"});
  EXPECT_EQ((*given)[1].origin, tree_.At("config.yaml") + ":6: rapl.zones");
  EXPECT_EQ((*given)[1].texts, (std::vector<std::string>{"package", "dram"}));
}

TEST_F(YamlFileTest, WhatIsLeftEmptyIsNotGiven) {
  for (const char* content : {"", "# only a comment\n", "\n\n", "---\n", "~", "monitor:\n", "monitor:\n  interval:\n",
                              "rapl:\n  zones: ~\n", "monitor: {}\n", "\xef\xbb\xbf"}) {
    const auto given = Read(content);
    ASSERT_TRUE(given) << content << given.error().message;
    EXPECT_TRUE(given->empty()) << content;
  }
}

TEST_F(YamlFileTest, AnEmptyListIsGiven) {
  const auto given = Read("rapl:\n  zones: []\n");
  ASSERT_TRUE(given);
  ASSERT_EQ(given->size(), 1U);
  EXPECT_TRUE(given->front().texts.empty());
}

TEST_F(YamlFileTest, ASingleScalarStandsForAListOfOne) {
  const auto given = Read("exporter: {prometheus: {metricsLevel: node}}");
  ASSERT_TRUE(given);
  EXPECT_EQ(given->front().texts, std::vector<std::string>{"node"});
}

TEST_F(YamlFileTest, AKeyMayBeWrittenWithDots) {
  const auto given = Read("monitor.interval: 1s");
  ASSERT_TRUE(given);
  EXPECT_EQ(given->front().option->key, "monitor.interval");
}

TEST_F(YamlFileTest, NamesTheNearestKeyForOneThatNobodyKnows) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ(UnknownOf("log:\n  level: info\n\nmonitor:\n\n  staleness: 1s\n  intervall: 5s\n"),
            Strings{"config.yaml:7: monitor.intervall; did you mean monitor.interval?"});
  EXPECT_EQ(UnknownOf("monitr:\n  interval: 5s\n"), Strings{"config.yaml:1: monitr; did you mean monitor?"});
  EXPECT_EQ(UnknownOf("host:\n  banana: 1\n"), Strings{"config.yaml:2: host.banana; see --help"});
  EXPECT_EQ(UnknownOf("\"a\\nb\": 1\n"), Strings{"config.yaml:1: a\uFFFDb; see --help"});
  EXPECT_EQ(UnknownOf("\"\": 1\n"), Strings{"config.yaml:1: ; see --help"});
  EXPECT_EQ(UnknownOf("monitor:\n  \"\": 1\n"), Strings{"config.yaml:2: monitor.; did you mean monitor?"});
  EXPECT_EQ(UnknownOf("gpu: {enabled: true}\ninterval: 3s\n"),
            (Strings{"config.yaml:1: gpu; did you mean experimental.gpu?",
                     "config.yaml:2: interval; did you mean monitor.interval?"}))
      << "sections left out";
  EXPECT_EQ(UnknownOf("banana: 1\nhost: {peel: {x: y}, sysfs: /s}\n"),
            (Strings{"config.yaml:1: banana; see --help", "config.yaml:2: host.peel; see --help"}));
}

TEST_F(YamlFileTest, NamesTheKeyWhoseValueHasTheWrongShape) {
  EXPECT_EQ(ErrorOf("monitor:\n  interval: [1s, 2s]\n"),
            "config.yaml:2: monitor.interval: a single value is expected, not a list");
  EXPECT_EQ(ErrorOf("monitor:\n  interval:\n    seconds: 5\n"),
            "config.yaml:2: monitor.interval: a single value is expected, not a map");
  EXPECT_EQ(ErrorOf("monitor: 5s\n"), "config.yaml:1: monitor: a section with keys of its own is expected, not \"5s\"");
  EXPECT_EQ(ErrorOf("exporter:\n  prometheus: [a]\n"),
            "config.yaml:2: exporter.prometheus: a section with keys of its own is expected, not a list");
  EXPECT_EQ(ErrorOf("rapl:\n  zones: {package: true}\n"), "config.yaml:2: rapl.zones: a list is expected, not a map");
  EXPECT_EQ(ErrorOf("rapl:\n  zones: [[package]]\n"),
            "config.yaml:2: rapl.zones: a list of single values is expected, but it holds a list");
  EXPECT_EQ(ErrorOf("rapl:\n  zones:\n    -\n"),
            "config.yaml:2: rapl.zones: a list of single values is expected, but it holds nothing");
  EXPECT_EQ(ErrorOf("[monitor]\n"), "config.yaml:1: sections such as \"monitor:\" are expected, not a list");
  EXPECT_EQ(ErrorOf("\nhello\n"), "config.yaml:2: sections such as \"monitor:\" are expected, not \"hello\"");
  EXPECT_EQ(ErrorOf("? [a, b]\n: c\n"), "config.yaml:1: a key is expected, not a list");
}

TEST_F(YamlFileTest, AKeyMayBeGivenOnlyOnce) {
  EXPECT_EQ(ErrorOf("monitor:\n  interval: 1s\n  interval: 2s\n"), "config.yaml:3: monitor.interval: given twice");
  EXPECT_EQ(ErrorOf("log: {level: info}\nmonitor:\n  interval: 1s\nlog: {format: text}\n"),
            "config.yaml:4: log: given twice");
  EXPECT_EQ(ErrorOf("monitor.interval: 1s\nmonitor: {interval: 2s}\n"), "config.yaml:2: monitor.interval: given twice");
  EXPECT_EQ(ErrorOf("banana: 1s\nbanana: 2s\n"), "config.yaml:2: banana: given twice");
}

TEST_F(YamlFileTest, SyntaxErrorsNameFileAndLine) {
  for (const auto& [content, line] : std::vector<std::pair<std::string, std::string>>{
           {"log:\n  level: \"info\n", "config.yaml:2: not valid YAML: "},
           {"log:\n\tlevel: info\n", "config.yaml:2: not valid YAML: "},
           {"log: {level: info\n", "config.yaml:1: not valid YAML: "},
           {"log:\n  level: *nowhere\n", "config.yaml:2: not valid YAML: "},
           {"log: info: debug\n", "config.yaml:1: not valid YAML: "}}) {
    EXPECT_TRUE(ErrorOf(content).starts_with(line)) << content << " -> " << ErrorOf(content);
  }
}

TEST_F(YamlFileTest, ASecondDocumentIsRefused) {
  EXPECT_EQ(ErrorOf("log: {level: info}\n---\nlog: {level: debug}\n"),
            "config.yaml:2: a second document begins; only one is expected");
}

TEST_F(YamlFileTest, AStrayCommaIsAnErrorAndEatsNoMemory) {
  EXPECT_EQ(ErrorOf("log:\n  level: info\n,\n"), "config.yaml:3: not valid YAML: end of map not found");
  EXPECT_EQ(ErrorOf(",\n"), "config.yaml:1: a second document begins; only one is expected");
}

TEST_F(YamlFileTest, AliasesWork) {
  const auto given = Read("monitor:\n  interval: &t 3s\n  staleness: *t\n");
  ASSERT_TRUE(given) << given.error().message;
  ASSERT_EQ(given->size(), 2U);
  EXPECT_EQ((*given)[1].texts, std::vector<std::string>{"3s"});
}

TEST_F(YamlFileTest, EachRuleOfAChipIsGivenOnItsOwn) {
  const auto given = Read(
      "experimental:\n  hwmon:\n    chipRules:\n"
      "      - name: ina3221\n        pairings: {1: 2, 2: 1}\n        skipVoltages: [4, 5]\n"
      "      - {useSameIndex: true, name: x, skipCurrents: 7}\n"
      "rapl: {zones: [dram]}\n");
  ASSERT_TRUE(given) << given.error().message;
  ASSERT_EQ(given->size(), 3U);
  EXPECT_EQ((*given)[0].option->key, "experimental.hwmon.chipRules");
  EXPECT_EQ((*given)[0].texts,
            std::vector<std::string>{" name=ina3221 pairings=1:2 pairings=2:1 skipVoltages=4 skipVoltages=5"});
  EXPECT_EQ((*given)[0].place, tree_.At("config.yaml:4"));
  EXPECT_EQ((*given)[1].texts, std::vector<std::string>{" useSameIndex=true name=x skipCurrents=7"});
  EXPECT_EQ((*given)[1].origin, tree_.At("config.yaml:7: experimental.hwmon.chipRules"));
  EXPECT_EQ((*given)[2].option->key, "rapl.zones");
  const std::string rules = "experimental.hwmon.chipRules:\n";
  EXPECT_EQ(ErrorOf(rules + "  name: x\n"),
            "config.yaml:1: experimental.hwmon.chipRules: a list is expected, not a map");
  EXPECT_EQ(ErrorOf(rules + "  - name: x\n    pairings: {1: }\n"),
            "config.yaml:3: experimental.hwmon.chipRules.pairings.1: the number of a current is expected, not nothing");
  EXPECT_EQ(ErrorOf(rules + "  - name: a chip\n"),
            "config.yaml:2: experimental.hwmon.chipRules.name: \"a chip\" is not one word");
  EXPECT_EQ(UnknownOf(rules + "  - {nam: x}\n"),
            std::vector<std::string>{
                "config.yaml:2: experimental.hwmon.chipRules.nam; did you mean experimental.hwmon.chipRules?"});
}

TEST_F(YamlFileTest, MergeKeysWork) {
  const auto file = ReadFile(
      "x-defaults: &defaults {interval: 7s, staleness: 1s}\n"
      "monitor:\n  <<: *defaults\n  staleness: 2s\n");
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->given.size(), 2U);
  EXPECT_EQ(file->given[0].option->key, "monitor.staleness");
  EXPECT_EQ(file->given[0].texts, std::vector<std::string>{"2s"});
  EXPECT_EQ(file->given[1].option->key, "monitor.interval");
  EXPECT_EQ(file->given[1].texts, std::vector<std::string>{"7s"});
  EXPECT_EQ(ErrorOf("monitor: {<<: 7s}\n"), "config.yaml:1: <<: a map or a list of maps is expected");
}

TEST_F(YamlFileTest, NestedAliasesDoNotBlowUp) {
  std::string bomb = "x-bomb:\n  - &a0 [x, x]\n";
  for (int i = 1; i < 60; ++i) {
    const std::string previous = "*a" + std::to_string(i - 1);
    bomb += "  - &a" + std::to_string(i) + " [" + previous + ", " + previous + "]\n";
  }
  const auto ignored = ReadFile(bomb + "rapl: {zones: [package]}\n");
  ASSERT_TRUE(ignored) << ignored.error().message;
  EXPECT_EQ(ignored->given.size(), 1U);
  EXPECT_EQ(ErrorOf(bomb + "rapl: {zones: *a59}\n"),
            "config.yaml:62: rapl.zones: a list of single values is expected, but it holds a list");
}

TEST_F(YamlFileTest, ANodeMayNotLieInItself) {
  EXPECT_EQ(UnknownOf("&root\nmonitor: *root\n"),
            std::vector<std::string>{"config.yaml:2: monitor.monitor; see --help"});
  EXPECT_EQ(ErrorOf("monitor: &m\n  interval: *m\n"),
            "config.yaml:2: monitor.interval: a single value is expected, not a map");
}

TEST_F(YamlFileTest, DeepNestingIsAnErrorAndNoCrash) {
  EXPECT_NE(ErrorOf("experimental.hwmon.chipRules: " + std::string(500'000, '[')), "");
  EXPECT_NE(ErrorOf("banana: " + std::string(500'000, '{')), "");
}

TEST_F(YamlFileTest, AMissingFileIsNamed) {
  const auto missing = ReadYamlFile(tree_.At("none.yaml"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ENOENT);
  EXPECT_EQ(missing.error().message, "open " + tree_.At("none.yaml") + ": No such file or directory");
}

TEST_F(YamlFileTest, AFileBeyondOneMebibyteIsRefused) {
  EXPECT_EQ(ErrorOf(std::string(1 << 20, '#')), "");
  EXPECT_EQ(ErrorOf(std::string((1 << 20) + 1, '#')), "config.yaml: longer than 1 MiB; is this the right file?");
}

}  // namespace
}  // namespace brahe::config
