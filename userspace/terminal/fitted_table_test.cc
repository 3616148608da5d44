#include "userspace/terminal/fitted_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brahe::terminal {
namespace {

using testing::ElementsAre;

// A name of six columns, and two numbers that have four where there is room; B goes before A.
std::vector<TableColumn> Example() {
  return {{.head = "NAME", .width = 6, .rank = 0, .cells = {"x", "very long"}},
          {.head = "A", .is_number = true, .width = 4, .rank = 1, .cells = {"1", "22"}},
          {.head = "B", .is_number = true, .width = 4, .rank = 2, .cells = {"3", "-"}}};
}

TEST(FittedTableTest, IsAsWideAsItIsMeantToBeWhereThereIsRoom) {
  EXPECT_THAT(FittedTable(Example(), 100),
              ElementsAre("NAME      A    B", "x         1    3", "very \u2026   22    -"));
  EXPECT_THAT(FittedTable(Example(), 16), ElementsAre("NAME      A    B", "x         1    3", "very \u2026   22    -"));
}

TEST(FittedTableTest, NumbersGiveUpRoomBeforeColumnsGo) {
  EXPECT_THAT(FittedTable(Example(), 15), ElementsAre("NAME    A B", "x       1 3", "very \u2026 22 -"));
  EXPECT_THAT(FittedTable(Example(), 11), ElementsAre("NAME    A B", "x       1 3", "very \u2026 22 -"));
  EXPECT_THAT(FittedTable(Example(), 10), ElementsAre("NAME    A", "x       1", "very \u2026 22"));
  EXPECT_THAT(FittedTable(Example(), 8), ElementsAre("NAME  ", "x     ", "very \u2026"));
  EXPECT_THAT(FittedTable(Example(), 3), ElementsAre("NA\u2026", "x  ", "ve\u2026"));
  EXPECT_THAT(FittedTable(Example(), 0), ElementsAre("", "", ""));
}

TEST(FittedTableTest, ANumberIsNeverCutAndItsHeadIs) {
  std::vector<TableColumn> table = Example();
  table[1].cells[1] = "1234567";
  EXPECT_THAT(FittedTable(table, 100),
              ElementsAre("NAME         A    B", "x            1    3", "very \u2026 1234567    -"));
  EXPECT_THAT(FittedTable(table, 13), ElementsAre("NAME  ", "x     ", "very \u2026"));
  table = {Example()[1]};
  table[0].head = "a long head";
  EXPECT_THAT(FittedTable(table, 4), ElementsAre("a l\u2026", "   1", "  22"));
  EXPECT_THAT(FittedTable(table, 1), ElementsAre("", "", ""));
}

}  // namespace
}  // namespace brahe::terminal
