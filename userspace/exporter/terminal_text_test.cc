#include "userspace/exporter/terminal_text.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

TEST(TerminalTextTest, NothingThatDrivesATerminalPasses) {
  EXPECT_EQ(TerminalText("a\x1b[2Jb\x07\n\t\x7f"), "a\uFFFD[2Jb\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(TerminalText("\xC2\x9B"
                         "31m|\xC2\x80|\xC2\x9F|\xC2\xA0"),
            "\uFFFD31m|\uFFFD|\uFFFD|\u00A0");  // C1
  EXPECT_EQ(TerminalText("\x9B"
                         "31m"),
            "\uFFFD31m");  // C1 as one byte
  EXPECT_EQ(TerminalText("a\u202Eb\u2028c\u2066d"), "a\uFFFDb\uFFFDc\uFFFDd");
  EXPECT_EQ(TerminalText(std::string_view("a\0b", 3)), "a\uFFFDb");
}

TEST(TerminalTextTest, TextStaysAsItIs) {
  EXPECT_EQ(TerminalText("caf\u00E9 \u65E5\u672C \U0001F600 \"x\\"), "caf\u00E9 \u65E5\u672C \U0001F600 \"x\\");
  EXPECT_EQ(TerminalText(""), "");
}

TEST(TerminalTextTest, BytesThatAreNoUtf8AreReplacedOneByOne) {
  EXPECT_EQ(TerminalText("\xC3(\xED\xA0\x80\xF0\x9F"), "\uFFFD(\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST(TerminalTextTest, CutsToColumnsAndShowsIt) {
  EXPECT_EQ(CutToWidth("abcdef", 6), "abcdef");
  EXPECT_EQ(CutToWidth("abcdefg", 6), "abcde\u2026");
  EXPECT_EQ(CutToWidth("\u65E5\u672C\u8A9E", 6), "\u65E5\u672C\u8A9E");
  EXPECT_EQ(CutToWidth("\u65E5\u672C\u8A9E", 5), "\u65E5\u672C\u2026");
  EXPECT_EQ(CutToWidth("\u65E5\u672C\u8A9E", 4), "\u65E5\u2026");
  EXPECT_EQ(CutToWidth("ab", 0), "");
}

TEST(TerminalTextTest, PadsToColumns) {
  EXPECT_EQ(PadRight("caf\u00E9", 6), "caf\u00E9  ");
  EXPECT_EQ(PadLeft("\u65E5", 4), "  \u65E5");
  EXPECT_EQ(PadLeft("abcdef", 4), "abc\u2026");
}

}  // namespace
}  // namespace brahe
