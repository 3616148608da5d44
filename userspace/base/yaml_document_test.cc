#include "userspace/base/yaml_document.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace brahe {
namespace {

std::string ErrorOf(std::string_view content) {
  const auto root = ParseYamlDocument("f.yaml", content);
  return root ? "" : root.error().message;
}

TEST(YamlDocumentTest, GivesTheRootOfTheOnlyDocument) {
  const auto root = ParseYamlDocument("f.yaml", "\na: [b]\n");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ((*root)["a"][0].Scalar(), "b");
  EXPECT_EQ(YamlPlace("f.yaml", *root), "f.yaml:2");
  EXPECT_EQ(YamlShape(*root), "a map");
  EXPECT_EQ(YamlShape((*root)["a"]), "a list");
  EXPECT_EQ(YamlShape((*root)["a"][0]), "a single value");
}

TEST(YamlDocumentTest, NothingIsANullNode) {
  for (const char* content : {"", "\n", "# only a comment", "---\n", "~"}) {
    const auto root = ParseYamlDocument("f.yaml", content);
    ASSERT_TRUE(root) << content;
    EXPECT_EQ(YamlShape(*root), "nothing") << content;
  }
}

TEST(YamlDocumentTest, DocumentsInWhichNothingStandsDoNotCount) {
  for (const char* content : {"a: b\n---\n", "a: b\n---\n# Source: x\n---\n", "---\n---\na: b\n",
                              "# x\n---\n~\n---\na: b\n...\n", "---\na: b\n---\n---\n"}) {
    const auto root = ParseYamlDocument("f.yaml", content);
    ASSERT_TRUE(root) << content << root.error().message;
    EXPECT_EQ((*root)["a"].Scalar(), "b") << content;
  }
  EXPECT_EQ(YamlShape(*ParseYamlDocument("f.yaml", "---\n---\n")), "nothing");
  EXPECT_EQ(ErrorOf("---\na: b\n---\n---\nc\n"), "f.yaml:4: a second document begins; only one is expected");
  EXPECT_EQ(ErrorOf("a: b\n---\n[]\n"), "f.yaml:2: a second document begins; only one is expected");
}

// "KEY=VALUE" for each entry of the value of "m", or the error.
std::vector<std::string> EntriesOfM(const std::string& content) {
  const auto root = ParseYamlDocument("f.yaml", content);
  const auto entries = YamlEntries("f.yaml", (*root)["m"]);
  if (!entries) return {entries.error().message};
  std::vector<std::string> lines;
  for (const YamlEntry& entry : *entries) lines.push_back(entry.first.Scalar() + "=" + entry.second.Scalar());
  return lines;
}

TEST(YamlDocumentTest, MergeKeysBringTheEntriesOfOtherMaps) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(EntriesOfM("m: {<<: {a: 1}, b: 2}\n"), (Lines{"b=2", "a=1"}));
  EXPECT_EQ(EntriesOfM("x: &x {a: 1, b: 1}\nm:\n  <<: *x\n  b: 2\n"), (Lines{"b=2", "a=1"})) << "a map's own key wins";
  EXPECT_EQ(EntriesOfM("m: {<<: [{a: 1, b: 1}, {b: 2, c: 2}]}\n"), (Lines{"a=1", "b=1", "c=2"})) << "the first wins";
  EXPECT_EQ(EntriesOfM("m: {<<: {<<: {a: 1, b: 1}, b: 2}}\n"), (Lines{"b=2", "a=1"})) << "merged maps may merge";
  EXPECT_EQ(EntriesOfM("m: {<<: , a: 1}\n"), (Lines{"a=1"}));
  EXPECT_EQ(EntriesOfM("m: {\"<<\": 1}\n"), (Lines{"<<=1"})) << "in quotes it is a key as any other";
  EXPECT_EQ(EntriesOfM("m: {a: 1, a: 2}\n"), (Lines{"a=1", "a=2"})) << "who reads it shall say so";
}

TEST(YamlDocumentTest, MergeKeysOfOtherThingsAndWithoutEndAreFaults) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(EntriesOfM("\nm: {<<: 7}\n"), (Lines{"f.yaml:2: <<: a map or a list of maps is expected"}));
  EXPECT_EQ(EntriesOfM("m: {<<: [{}, 7]}\n"), (Lines{"f.yaml:1: <<: a map or a list of maps is expected"}));
  EXPECT_EQ(EntriesOfM("m: &m\n  <<: *m\n"), (Lines{"f.yaml:2: more than 100 maps are merged by <<"}));
  std::string chain = "list:\n- &a0 {k: v}\n";
  for (int i = 1; i < 2000; ++i) {
    const std::string below = std::to_string(i - 1);
    chain += "- &a" + std::to_string(i) + " {<<: [*a" + below + ", *a" + below + "]}\n";
  }
  const Lines entries = EntriesOfM(chain + "m: {<<: *a1999}\n");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_NE(entries[0].find("more than 100 maps"), std::string::npos) << entries[0];
}

TEST(YamlDocumentTest, FaultsNameTheLine) {
  EXPECT_EQ(ErrorOf("a: b\n---\nc: d\n"), "f.yaml:2: a second document begins; only one is expected");
  EXPECT_EQ(ErrorOf("a: \"b\n\n"), "f.yaml:1: not valid YAML: illegal EOF in scalar");
}

TEST(YamlDocumentTest, AStrayCommaOrBracketEnds) {
  for (const char* text : {",", "a: 1\n,", "]", "a: 1\n}", "- a\n]", "[:", "{# k\ny{:"}) {
    EXPECT_NE(ErrorOf(text), "") << text;
  }
}

TEST(YamlDocumentTest, WhatTheParserStopsBeforeIsNotTakenForMore) {
  EXPECT_EQ(ErrorOf(", a"), "f.yaml:1: a second document begins; only one is expected");
  EXPECT_EQ(ErrorOf("- a\n, b\n"), "f.yaml:2: a second document begins; only one is expected");
}

TEST(YamlDocumentTest, FaultsShowNothingOfTheText) {
  EXPECT_EQ(ErrorOf("a: b\nc: *hunter2\n"), "f.yaml:2: not valid YAML: the referenced anchor is not defined");
  EXPECT_EQ(ErrorOf("a: \"\\hunter2\"\n"), "f.yaml:1: not valid YAML: unknown escape character");
}

}  // namespace
}  // namespace brahe
