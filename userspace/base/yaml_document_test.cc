#include "userspace/base/yaml_document.h"

#include <gtest/gtest.h>

#include "userspace/base/temp_tree.h"

namespace brahe {
namespace {

std::string ErrorOf(std::string_view content) {
  const auto root = ParseYamlDocument("f.yaml", content);
  return root ? "" : root.error().message;
}

TEST(YamlDocumentTest, GivesTheRootOfTheOnlyDocument) {
  const TempTree tree;
  tree.Write("f.yaml", "\na: [b]\n");
  const auto root = ReadYamlDocument(tree.At("f.yaml"));
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ((*root)["a"][0].Scalar(), "b");
  EXPECT_EQ(YamlPlace("f.yaml", *root), "f.yaml:2");
  EXPECT_EQ(YamlShape(*root), "a map");
  EXPECT_EQ(YamlShape((*root)["a"]), "a list");
  EXPECT_EQ(YamlShape((*root)["a"][0]), "a single value");
  EXPECT_EQ(ReadYamlDocument(tree.path()).error().message, tree.path() + ": not a regular file");
}

TEST(YamlDocumentTest, NothingIsANullNode) {
  for (const char* content : {"", "\n", "# only a comment", "---\n", "~"}) {
    const auto root = ParseYamlDocument("f.yaml", content);
    ASSERT_TRUE(root) << content;
    EXPECT_EQ(YamlShape(*root), "nothing") << content;
  }
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
