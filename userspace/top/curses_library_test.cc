#include "userspace/top/curses_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brahe::top {
namespace {

using testing::HasSubstr;

TEST(CursesLibraryTest, HasAllFunctions) {
  const auto curses = LoadCurses(kCursesSoname);
  ASSERT_TRUE(curses) << curses.error().message;
  EXPECT_NE(curses->tigetstr, nullptr);
}

TEST(CursesLibraryTest, WhatIsMissingIsNamedWithTheRemedy) {
  EXPECT_EQ(LoadCurses("libncursesw.so.none").error().message,
            "cannot load libncursesw.so.none: cannot open shared object file: No such file or directory; the live "
            "table needs it: apt-get install libncursesw6; --once and --json do without");
  EXPECT_THAT(LoadCurses("libc.so.6").error().message, HasSubstr("newterm"));
}

}  // namespace
}  // namespace brahe::top
