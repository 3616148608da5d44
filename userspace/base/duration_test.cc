#include "userspace/base/duration.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

uint64_t Parsed(std::string_view text) {
  const auto duration = ParseDuration(text);
  EXPECT_TRUE(duration) << duration.error().message;
  return duration ? duration->value : UINT64_MAX;
}

TEST(DurationTest, ReadsWhatGoWrites) {
  EXPECT_EQ(Parsed("5s"), 5'000'000'000U);
  EXPECT_EQ(Parsed("500ms"), 500'000'000U);
  EXPECT_EQ(Parsed("1m30s"), 90'000'000'000U);
  EXPECT_EQ(Parsed("2h"), 7'200'000'000'000U);
  EXPECT_EQ(Parsed("1h15m30.918s"), 4'530'918'000'000U);
  EXPECT_EQ(Parsed("100us"), 100'000U);
  EXPECT_EQ(Parsed("100\u00b5s"), 100'000U);
  EXPECT_EQ(Parsed("100\u03bcs"), 100'000U);
  EXPECT_EQ(Parsed("7ns"), 7U);
}

TEST(DurationTest, ZeroNeedsNoUnit) {
  EXPECT_EQ(Parsed("0"), 0U);
  EXPECT_EQ(Parsed("0s"), 0U);
  EXPECT_EQ(Parsed("0h0m0s"), 0U);
}

TEST(DurationTest, FractionsAreExact) {
  EXPECT_EQ(Parsed("1.5s"), 1'500'000'000U);
  EXPECT_EQ(Parsed(".5s"), 500'000'000U);
  EXPECT_EQ(Parsed("5.s"), 5'000'000'000U);
  EXPECT_EQ(Parsed("0.1s"), 100'000'000U);
  EXPECT_EQ(Parsed("0.000000001s"), 1U);
  EXPECT_EQ(Parsed("1.9ns"), 1U);
  EXPECT_EQ(Parsed("0.3h"), 1'080'000'000'000U);
  EXPECT_EQ(Parsed("0." + std::string(100'000, '9') + "s"), 999'999'999U);
}

TEST(DurationTest, RefusesWhatIsNoDuration) {
  for (const char* bad : {"",    "abc",  "5",   "5 s",   " 5s",  "s", ".",      ".s",   "5sec",  "5S",  "1d",
                          "5s5", "1e3s", "+5s", "5s-1s", "--5s", "-", "1.2.3s", "\xff", "5\xc2", "infs"}) {
    const auto duration = ParseDuration(bad);
    ASSERT_FALSE(duration) << bad;
    EXPECT_NE(duration.error().message.find("is not a duration (such as 5s or 500ms)"), std::string::npos) << bad;
  }
  EXPECT_EQ(ParseDuration("abc").error().message, "\"abc\" is not a duration (such as 5s or 500ms)");
}

TEST(DurationTest, SaysThatANegativeOneIsNegative) {
  EXPECT_EQ(ParseDuration("-1s").error().message, "\"-1s\" is negative; a duration must not be");
}

TEST(DurationTest, RefusesWhatWouldOverflow) {
  EXPECT_EQ(Parsed("876000h"), kLongestDuration.value);
  for (const char* bad : {"876000h1ns", "876001h", "18446744073709551615ns", "18446744073709551616ns",
                          "99999999999999999999999999999999999999999999999999h", "876000h876000h"}) {
    const auto duration = ParseDuration(bad);
    ASSERT_FALSE(duration) << bad;
    EXPECT_NE(duration.error().message.find("is too long a duration (at most 876000h)"), std::string::npos) << bad;
  }
}

TEST(DurationTest, IsFormattedAsItIsRead) {
  EXPECT_EQ(FormatDuration(Seconds(5)), "5s");
  EXPECT_EQ(FormatDuration(Milliseconds(500)), "500ms");
  EXPECT_EQ(FormatDuration(Seconds(120)), "2m");
  EXPECT_EQ(FormatDuration(Nanoseconds{0}), "0s");
  for (const uint64_t ns : {1ULL, 999ULL, 1'234'567'890'123ULL, 5'400'000'000'000ULL}) {
    EXPECT_EQ(Parsed(FormatDuration({ns})), ns);
  }
}

}  // namespace
}  // namespace brahe
