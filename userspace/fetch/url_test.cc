#include "userspace/fetch/url.h"

#include <gtest/gtest.h>

namespace brahe::fetch {
namespace {

TEST(WithDefaultPathTest, AddsThePathWhereThereIsNone) {
  EXPECT_EQ(WithDefaultPath("http://localhost:4318", "/a/b"), "http://localhost:4318/a/b");
  EXPECT_EQ(WithDefaultPath("https://[::1]:4318/", "/a/b"), "https://[::1]:4318/a/b");
  EXPECT_EQ(WithDefaultPath("http://host/x", "/a/b"), "http://host/x");
}

TEST(IsReadableOnTheWayTest, PlainHttpToAnotherHostIs) {
  EXPECT_TRUE(IsReadableOnTheWay("http://collector:4318/v1/metrics"));
  EXPECT_TRUE(IsReadableOnTheWay("http://localhost.example.org/v1/metrics"));
  for (const char* url :
       {"https://collector/v1", "http://localhost:4318/", "http://127.0.0.1/v1", "http://[::1]:4318/x"}) {
    EXPECT_FALSE(IsReadableOnTheWay(url)) << url;
  }
}

}  // namespace
}  // namespace brahe::fetch
