#include "userspace/otlp/twin_marks.h"

#include <gtest/gtest.h>

namespace brahe::otlp {
namespace {

using Marks = std::vector<bool>;

TEST(TwinMarksTest, WhoeverComesSecondIsMarkedAndStaysSoWhenTheFirstIsGone) {
  TwinMarks marks;
  EXPECT_EQ(marks.Mark({{.hash = 1, .serial = 10}, {.hash = 2, .serial = 11}}), (Marks{false, false}));
  EXPECT_EQ(marks.Mark({{.hash = 1, .serial = 10}, {.hash = 2, .serial = 11}, {.hash = 1, .serial = 12}}),
            (Marks{false, false, true}));
  EXPECT_EQ(marks.Mark({{.hash = 2, .serial = 11}, {.hash = 1, .serial = 12}}), (Marks{false, true}));
  EXPECT_EQ(marks.Mark({{.hash = 1, .serial = 12}, {.hash = 1, .serial = 13}}), (Marks{true, false}))
      << "nobody else has them without a mark";
}

TEST(TwinMarksTest, TheOrderOfTheListDoesNotMatterOnceThingsAreSettled) {
  TwinMarks marks;
  EXPECT_EQ(marks.Mark({{.hash = 1, .serial = 10}, {.hash = 1, .serial = 11}}), (Marks{false, true}));
  EXPECT_EQ(marks.Mark({{.hash = 1, .serial = 11}, {.hash = 1, .serial = 10}}), (Marks{true, false}));
  EXPECT_EQ(marks.Mark({{.hash = 1, .serial = 9}, {.hash = 1, .serial = 11}, {.hash = 1, .serial = 10}}),
            (Marks{true, true, false}));
}

TEST(TwinMarksTest, NewAttributesAreTakenWhereNobodyHasThem) {
  TwinMarks marks;
  EXPECT_EQ(marks.Mark({{.hash = 1, .serial = 10}}), (Marks{false}));
  EXPECT_EQ(marks.Mark({{.hash = 2, .serial = 10}, {.hash = 1, .serial = 11}}), (Marks{false, false}));
}

}  // namespace
}  // namespace brahe::otlp
