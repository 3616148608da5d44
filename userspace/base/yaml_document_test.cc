#include "userspace/base/yaml_document.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

std::string ErrorOf(const std::string& content) {
  const auto document = LoadYamlDocument("c.yaml", content);
  return document ? "" : document.error().message;
}

TEST(YamlDocumentTest, ReadsOneDocument) {
  const auto document = LoadYamlDocument("c.yaml", "---\na: [1, 2]\n...\n");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ((*document)["a"].size(), 2U);
  for (const char* nothing : {"", "\n\n", "# c\n", "~", "---\n"}) {
    const auto empty = LoadYamlDocument("c.yaml", nothing);
    ASSERT_TRUE(empty) << empty.error().message;
    EXPECT_TRUE(empty->IsNull());
  }
}

TEST(YamlDocumentTest, ErrorsNameFileAndLine) {
  EXPECT_EQ(ErrorOf("a: 1\n---\nb: 2\n"), "c.yaml:2: a second document begins; only one is expected");
  EXPECT_TRUE(ErrorOf("a: 1\nb: \"c\n").starts_with("c.yaml:2: not valid YAML: "));
}

TEST(YamlDocumentTest, AStrayCommaOrBracketEnds) {
  for (const char* text : {",", "a: 1\n,", "]", "a: 1\n}", "- a\n]", "[:", "{# k\ny{:"}) {
    EXPECT_NE(ErrorOf(text), "") << text;
  }
}

}  // namespace
}  // namespace brahe
