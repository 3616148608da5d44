#include "userspace/base/plain_text.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

TEST(PlainTextTest, NothingThatDrivesATerminalPasses) {
  EXPECT_EQ(PlainText("a\x1b[2Jb\x07\n\t\x7f"), "a\uFFFD[2Jb\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(PlainText("\xC2\x9B"
                      "31m|\xC2\x80|\xC2\x9F|\xC2\xA0"),
            "\uFFFD31m|\uFFFD|\uFFFD|\u00A0");  // C1
  EXPECT_EQ(PlainText("\x9B"
                      "31m"),
            "\uFFFD31m");  // C1 as one byte
  EXPECT_EQ(PlainText("a\u202Eb\u2028c\u2066d"), "a\uFFFDb\uFFFDc\uFFFDd");
  EXPECT_EQ(PlainText(std::string_view("a\0b", 3)), "a\uFFFDb");
}

TEST(PlainTextTest, TextStaysAsItIs) {
  EXPECT_EQ(PlainText("caf\u00E9 \u65E5\u672C \U0001F600 \"x\\"), "caf\u00E9 \u65E5\u672C \U0001F600 \"x\\");
  EXPECT_EQ(PlainText(""), "");
}

TEST(PlainTextTest, BytesThatAreNoUtf8AreReplacedOneByOne) {
  EXPECT_EQ(PlainText("\xC3(\xED\xA0\x80\xF0\x9F"), "\uFFFD(\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST(PlainTextTest, ALongTextIsCutBetweenCharactersAndShowsIt) {
  EXPECT_EQ(PlainText("abcdef", 6), "abcdef");
  EXPECT_EQ(PlainText("abcdefg", 6), "abcdef...");
  EXPECT_EQ(PlainText("caf\u00E9s", 4), "caf...");
  EXPECT_EQ(PlainText("caf\u00E9s", 5), "caf\u00E9...");
  EXPECT_EQ(PlainText("ab\xFF\xFF\xFF", 3), "ab\uFFFD...");
  EXPECT_EQ(PlainText("\u00E9", 1), "...");
  EXPECT_EQ(PlainText("", 0), "");
}

}  // namespace
}  // namespace brahe
