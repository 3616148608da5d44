#include "userspace/base/values.h"

#include <gtest/gtest.h>

#include <limits>

namespace brahe {
namespace {

TEST(ValuesTest, QuotedTextIsOneShortLine) {
  EXPECT_EQ(Quoted("a\nb\x1b[31m\x7f"), "\"a\uFFFDb\uFFFD[31m\uFFFD\"");
  EXPECT_EQ(Quoted(std::string(1000, 'x')), "\"" + std::string(80, 'x') + "...\"");
}

TEST(ValuesTest, BooleansAreReadInAnyCase) {
  for (const char* text : {"true", "True", "YES", "on", "1"}) EXPECT_EQ(*ParseBoolean(text), true) << text;
  for (const char* text : {"false", "FALSE", "no", "Off", "0"}) EXPECT_EQ(*ParseBoolean(text), false) << text;
  for (const char* text : {"", "2", "maybe", "truee"}) EXPECT_FALSE(ParseBoolean(text)) << text;
}

TEST(ValuesTest, IntegersMayBeNegative) {
  EXPECT_EQ(*ParseInteger("500"), 500);
  EXPECT_EQ(*ParseInteger("-1"), -1);
  EXPECT_EQ(*ParseInteger("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  for (const char* text : {"", "1.0", "x", "1x", "9223372036854775808", "+1", "0x10"}) {
    EXPECT_FALSE(ParseInteger(text)) << text;
  }
}

TEST(ValuesTest, CountsAreBounded) {
  EXPECT_EQ(*ParseCount("0", 10), 0U);
  EXPECT_EQ(*ParseCount("10", 10), 10U);
  for (const char* text : {"11", "-1", "", "1.5", "99999999999999999999999"})
    EXPECT_FALSE(ParseCount(text, 10)) << text;
  EXPECT_EQ(ParseCount("11", 10).error().message, "\"11\" is not a whole number from 0 to 10");
}

TEST(ValuesTest, DecimalsBecomeMillionthsExactly) {
  EXPECT_EQ(*ParseMillionths("10", "joules"), 10'000'000U);
  EXPECT_EQ(*ParseMillionths("2.5", "watts"), 2'500'000U);
  EXPECT_EQ(*ParseMillionths("0.1", "watts"), 100'000U);
  EXPECT_EQ(*ParseMillionths("4.35", "watts"), 4'350'000U);  // as a double this is 4349999.99...
  EXPECT_EQ(*ParseMillionths("0.000001", "watts"), 1U);
  EXPECT_EQ(*ParseMillionths("999999999.999999", "watts"), 999'999'999'999'999U);
}

TEST(ValuesTest, DecimalsThatCannotBeExactAreRefused) {
  for (const char* text : {"", ".", ".5", "5.", "1.2.3", "1e3", "abc", "+1", "1,5", "0.0000001", "-1", "1000000000",
                           "99999999999999999999999999", "0x1"}) {
    EXPECT_FALSE(ParseMillionths(text, "watts")) << text;
  }
  EXPECT_EQ(ParseMillionths("abc", "watts").error().message, "\"abc\" is not a number of watts (such as 10 or 2.5)");
  EXPECT_EQ(ParseMillionths("-1", "joules").error().message, "\"-1\" is negative; joules must not be");
  EXPECT_EQ(ParseMillionths("0.0000001", "watts").error().message, "\"0.0000001\" has more than six decimals");
}

TEST(ValuesTest, MillionthsAreFormattedAsTheyAreRead) {
  EXPECT_EQ(FormatMillionths(10'000'000), "10");
  EXPECT_EQ(FormatMillionths(2'500'000), "2.5");
  EXPECT_EQ(FormatMillionths(1), "0.000001");
  EXPECT_EQ(FormatMillionths(0), "0");
}

TEST(ValuesTest, WordsAreFoundInAnyCase) {
  EXPECT_EQ(*ParseWord("Node", {"node", "pod"}), "node");
  EXPECT_EQ(ParseWord("nod", {"node", "pod"}).error().message, "\"nod\" is not one of node, pod");
}

TEST(ValuesTest, ListenAddressesHaveAHostAndAPort) {
  for (const char* good : {":28282", ":0", ":65535", "localhost:80", "127.0.0.1:80", "[::1]:80", "[::]:0",
                           "[fe80::1%eth0]:80", "node-1.example:80"}) {
    const auto checked = CheckListenAddress(good);
    EXPECT_TRUE(checked) << checked.error().message;
  }
  for (const char* bad : {"",           "28282",       ":",      "localhost",
                          "localhost:", ":65536",      ":-1",    ":http",
                          ":+1",        ":80 ",        "::1:80", "[::1]",
                          "[::1:80",    "::1]:80",     "[]:80",  "[127.0.0.1]:80",
                          "[x]:80",     "http://x:80", "a b:80", ":99999999999999999999"}) {
    EXPECT_FALSE(CheckListenAddress(bad)) << bad;
  }
  EXPECT_EQ(CheckListenAddress("28282").error().message,
            "\"28282\" is not an address to listen on (such as :28282, localhost:28282 or [::1]:28282)");
  EXPECT_EQ(CheckListenAddress(":70000").error().message, "\":70000\": \"70000\" is not a port (0 to 65535)");
}

TEST(ValuesTest, AUrlIsShownWithoutUserAndPassword) {
  EXPECT_EQ(WithoutUser("https://n1:10250/pods?a=@b"), "https://n1:10250/pods?a=@b");
  EXPECT_EQ(WithoutUser("https://me:se@cret@n1:10250/@x"), "https://...@n1:10250/@x");
  EXPECT_EQ(WithoutUser("me:secret@n1"), "...@n1");
  EXPECT_EQ(WithoutUser(""), "");
}

}  // namespace
}  // namespace brahe
