#include "userspace/cpu/clock_check.h"

#include <gtest/gtest.h>

namespace brahe::cpu {
namespace {

constexpr ClockReading kSame = {.before = Seconds(1000), .kernel = Seconds(1000), .after = Seconds(1000)};

TEST(CompareClocks, TakesWhatTheKernelReadBetweenOurTwoReadings) {
  EXPECT_TRUE(CompareClocks("CLOCK", kSame));
  EXPECT_TRUE(CompareClocks("CLOCK", {.before = Seconds(1000), .kernel = Seconds(1003), .after = Seconds(1005)}))
      << "however long we were kept from reading it again";
}

TEST(CompareClocks, AllowsForTheFewMicrosecondsThatTheKernelsClockMayStrayItself) {
  EXPECT_TRUE(CompareClocks("CLOCK", {kSame.before, kSame.kernel - Nanoseconds{9'000}, kSame.after}));
  EXPECT_TRUE(CompareClocks("CLOCK", {kSame.before, kSame.kernel + Nanoseconds{9'000}, kSame.after}));
  EXPECT_FALSE(CompareClocks("CLOCK", {kSame.before, kSame.kernel - Nanoseconds{11'000}, kSame.after}));
  EXPECT_FALSE(CompareClocks("CLOCK", {kSame.before, kSame.kernel + Nanoseconds{11'000}, kSame.after}));
}

TEST(CompareClocks, IsMadeWithTheReadingThatWasNotHeldUp) {
  // An offset of 10 ms, which two readings hide.
  const ClockReading shifted = {Seconds(1000), Seconds(1000) + Milliseconds(10), Seconds(1000) + Nanoseconds{500}};
  const std::vector<ClockReading> readings = {{Seconds(999), Seconds(999) + Milliseconds(10), Seconds(1000)},
                                              shifted,
                                              {Seconds(1001), Seconds(1001) + Milliseconds(10), Seconds(1002)}};
  EXPECT_TRUE(CompareClocks("CLOCK", readings.front()));
  EXPECT_TRUE(CompareClocks("CLOCK", readings.back()));
  EXPECT_FALSE(CompareClocks("CLOCK", Narrowest(readings)));
}

TEST(CompareClocks, NamesTheClockTheOffsetAndTheRemedy) {
  const auto ahead = CompareClocks("CLOCK_BOOTTIME", {kSame.before, kSame.kernel - Milliseconds(100'500), kSame.after});
  ASSERT_FALSE(ahead);
  EXPECT_EQ(ahead.error().message,
            "CLOCK_BOOTTIME is 100.5 s ahead of the kernel's, which is a time namespace's doing: start brahe in "
            "the machine's own time namespace");
  const auto behind = CompareClocks("CLOCK", {kSame.before, kSame.kernel + Milliseconds(20), kSame.after});
  ASSERT_FALSE(behind);
  EXPECT_NE(behind.error().message.find("CLOCK is 0.02 s behind the kernel's"), std::string::npos)
      << behind.error().message;
}

}  // namespace
}  // namespace brahe::cpu
