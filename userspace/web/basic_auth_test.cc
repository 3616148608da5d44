#include "userspace/web/basic_auth.h"

#include <gtest/gtest.h>

namespace brahe::web {
namespace {

TEST(ParseBasicAuth, TakesUserAndPassword) {
  const auto plain = ParseBasicAuth("Basic YWxpY2U6c2VjcmV0");  // alice:secret
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->user, "alice");
  EXPECT_EQ(plain->password, "secret");
  const auto colons = ParseBasicAuth("basic   YTpiOmM6 ");  // a:b:c:
  ASSERT_TRUE(colons);
  EXPECT_EQ(colons->user, "a");
  EXPECT_EQ(colons->password, "b:c:");
  const auto empty = ParseBasicAuth("BASIC Og==");  // :
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->user + empty->password, "");
}

TEST(ParseBasicAuth, TakesNothingElse) {
  for (const char* header : {"", "Basic", "Basic ", "Bearer YWxpY2U6c2VjcmV0", "BasicYWxpY2U6c2VjcmV0", "Basic !!!!",
                             "Basic YWxpY2U6c2VjcmV", "Basic YWxpY2U=" /* alice */, "Basic \xff\xfe"}) {
    EXPECT_FALSE(ParseBasicAuth(header)) << header;
  }
}

}  // namespace
}  // namespace brahe::web
