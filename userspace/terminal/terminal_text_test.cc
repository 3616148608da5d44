#include "userspace/terminal/terminal_text.h"

#include <gtest/gtest.h>

namespace brahe::terminal {
namespace {

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
}  // namespace brahe::terminal
