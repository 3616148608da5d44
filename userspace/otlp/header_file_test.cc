#include "userspace/otlp/header_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brahe::otlp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(HeaderFileTest, HasOneHeaderALine) {
  const auto headers = ParseHeaders(
      "# of the collector\r\n\r\nAuthorization: Bearer abc=\r\n  X-Scope-OrgID:tenant 1\n\nx: caf\xC3\xA9", "headers");
  ASSERT_TRUE(headers) << headers.error().message;
  EXPECT_THAT(*headers, ElementsAre("Authorization: Bearer abc=", "X-Scope-OrgID:tenant 1", "x: caf\xC3\xA9"));
  EXPECT_TRUE(ParseHeaders("", "headers")->empty());
}

TEST(HeaderFileTest, AnErrorNamesTheLineAndNoSecret) {
  for (const std::string& line :
       {std::string("Bearer s3cret"), std::string("Author ization: s3cret"), std::string(": s3cret"),
        std::string("X: s3cret\x01"), std::string("X: s3cret\0", 10), std::string("content-TYPE: s3cret"),
        std::string("Host: s3cret"), std::string("Transfer-Encoding: s3cret"), std::string("s3cret")}) {
    const auto headers = ParseHeaders("A: b\n" + line + "\n", "/etc/headers");
    ASSERT_FALSE(headers) << line;
    EXPECT_THAT(headers.error().message, HasSubstr("/etc/headers:2: "));
    EXPECT_THAT(headers.error().message, Not(HasSubstr("s3cret")));
  }
  EXPECT_THAT(ParseHeaders("X:  \n", "f").error().message, HasSubstr("no value"));
  std::string many;
  for (int i = 0; i < 101; ++i) many += "X: 1\n";
  EXPECT_THAT(ParseHeaders(many, "f").error().message, HasSubstr("f:101: more than 100"));
}

TEST(HeaderFileTest, AFileThatIsNotThereIsAnErrorThatNamesIt) {
  EXPECT_THAT(ReadHeaderFile("/no/such/file").error().message, HasSubstr("/no/such/file"));
}

}  // namespace
}  // namespace brahe::otlp
