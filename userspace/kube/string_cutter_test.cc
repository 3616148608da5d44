#include "userspace/kube/string_cutter.h"

#include <gtest/gtest.h>

namespace brahe::kube {
namespace {

// What is left of a text if strings of more than 4 bytes are cut, whatever its pieces.
std::string Cut(const std::string& text) {
  std::string whole;
  for (size_t piece = text.size() + 1; piece > 0; --piece) {
    StringCutter cutter(4);
    std::string cut;
    for (size_t at = 0; at < text.size(); at += piece) cutter.Take(std::string_view(text).substr(at, piece), cut);
    cutter.Finish(cut);
    if (piece > text.size()) whole = cut;
    EXPECT_EQ(cut, whole) << text << " by " << piece;
  }
  return whole;
}

TEST(StringCutterTest, LongStringsBecomeEmptyOnes) {
  EXPECT_EQ(Cut(R"({"a":"1234","b":"12345","long key":["123456",12345678]})"),
            R"({"a":"1234","b":"","":["",12345678]})");
  EXPECT_EQ(Cut(R"("\"\"" "\"\"\"")"), R"("\"\"" "")");
  EXPECT_EQ(Cut(R"("\\\\" "\\\\\\")"), R"("\\\\" "")");
}

TEST(StringCutterTest, WhatIsNoJsonIsLeftAsItIs) {
  for (const std::string text : {"", "<html>", "12 \"ab", "\"ab\n\"cd", "\\\"ab\\", "\"\"\"\"\""}) {
    EXPECT_EQ(Cut(text), text);
  }
}

TEST(StringCutterTest, AStringEndsWithItsLine) {
  EXPECT_EQ(Cut("\"12345\n{\"a\":\"123\"}\n"), "\"\n{\"a\":\"123\"}\n");
}

TEST(StringCutterTest, TellsWhereAByteWas) {
  const std::string text = R"(["123456",7,"12345",8,"12345)";
  StringCutter cutter(4);
  std::string cut;
  cutter.Take(text, cut);
  cutter.Finish(cut);
  ASSERT_EQ(cut, R"(["",7,"",8,")");
  for (const char c : {'[', '7', '8'}) EXPECT_EQ(cutter.PlaceOf(cut.find(c) + 1), text.find(c) + 1) << c;
  EXPECT_EQ(cutter.PlaceOf(3), text.find("\",7") + 1) << "the quote at its end";
  EXPECT_EQ(cutter.PlaceOf(cut.size() + 1), text.size() + 1) << "the end";
}

}  // namespace
}  // namespace brahe::kube
