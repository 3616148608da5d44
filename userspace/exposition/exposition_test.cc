#include "userspace/exposition/exposition.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace brahe::exposition {
namespace {

std::string Escaped(std::string_view value) {
  std::string out;
  AppendEscaped(value, out);
  return out;
}

std::string Spelt(void (*append)(uint64_t, std::string&), uint64_t n) {
  std::string out;
  append(n, out);
  return out;
}

TEST(Exposition, SpellsIntegersInFull) {
  EXPECT_EQ(Spelt(AppendUint, 0), "0");
  EXPECT_EQ(Spelt(AppendUint, 1200), "1200");
  EXPECT_EQ(Spelt(AppendUint, UINT64_MAX), "18446744073709551615");
}

TEST(Exposition, SpellsMillionthsWithSixDecimalsAlways) {
  EXPECT_EQ(Spelt(AppendMillionths, 0), "0.000000");
  EXPECT_EQ(Spelt(AppendMillionths, 5), "0.000005");
  EXPECT_EQ(Spelt(AppendMillionths, 12'345'678), "12.345678");
  EXPECT_EQ(Spelt(AppendMillionths, 7'000'000), "7.000000");
  EXPECT_EQ(Spelt(AppendMillionths, UINT64_MAX), "18446744073709.551615");
}

TEST(Exposition, SpellsBillionthsWithNineDecimalsAlways) {
  EXPECT_EQ(Spelt(AppendBillionths, 1), "0.000000001");
  EXPECT_EQ(Spelt(AppendBillionths, UINT64_MAX), "18446744073.709551615");
}

TEST(Exposition, LeavesPlainTextAndControlCharactersAlone) {
  EXPECT_EQ(Escaped(""), "");
  EXPECT_EQ(Escaped("kworker/0:1-events"), "kworker/0:1-events");
  EXPECT_EQ(Escaped("a\tb\r\x01\x7F"), "a\tb\r\x01\x7F");
}

TEST(Exposition, EscapesWhatWouldEndTheValueOrTheLine) {
  EXPECT_EQ(Escaped("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
  EXPECT_EQ(Escaped("\""), "\\\"");
}

TEST(Exposition, KeepsWellFormedUtf8) {
  const std::string text = "\xC3\xA9 \xE2\x82\xAC \xED\x9F\xBF \xEE\x80\x80 \xF0\x90\x80\x80 \xF4\x8F\xBF\xBF";
  EXPECT_EQ(Escaped(text), text);
}

TEST(Exposition, ReplacesEachByteThatIsNoUtf8) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(Escaped("a\xFF"
                    "b"),
            "a" + r + "b");
  EXPECT_EQ(Escaped("\x80"), r);
  EXPECT_EQ(Escaped("\xC3"), r) << "cut off";
  EXPECT_EQ(Escaped("\xE2\x82"), r + r) << "cut off";
  EXPECT_EQ(Escaped("\xC3\""), r + "\\\"") << "the quote after a broken sequence is escaped all the same";
  EXPECT_EQ(Escaped("\xC0\x80"), r + r) << "overlong";
  EXPECT_EQ(Escaped("\xE0\x80\x80"), r + r + r) << "overlong";
  EXPECT_EQ(Escaped("\xF0\x8F\xBF\xBF"), r + r + r + r) << "overlong";
  EXPECT_EQ(Escaped("\xED\xA0\x80"), r + r + r) << "surrogate";
  EXPECT_EQ(Escaped("\xF4\x90\x80\x80"), r + r + r + r) << "beyond U+10FFFF";
  EXPECT_EQ(Escaped("\xE2\x82\x41"), r + r + "A");
}

TEST(Exposition, ASampleIsOneLine) {
  std::string out;
  Sample("up", out).Uint(1);
  Sample("x", out).Labels("a=\"1\"").Label("b", "2\"").Millionths(1'500'000);
  Sample("y", out).Label("c", "").Billionths(3);
  EXPECT_EQ(out, "up 1\nx{a=\"1\",b=\"2\\\"\"} 1.500000\ny{c=\"\"} 0.000000003\n");
}

}  // namespace
}  // namespace brahe::exposition
