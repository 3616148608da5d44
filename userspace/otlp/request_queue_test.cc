#include "userspace/otlp/request_queue.h"

#include <gtest/gtest.h>

namespace brahe::otlp {
namespace {

TEST(RequestQueueTest, TheOldestMakePlaceForTheNewest) {
  RequestQueue queue(10);
  EXPECT_EQ(queue.Push({.bytes = "aaaa"}), 0U);
  EXPECT_EQ(queue.Push({.bytes = "bbbbbb"}), 0U);
  EXPECT_EQ(queue.bytes(), 10U);
  EXPECT_EQ(queue.Push({.bytes = "c"}), 1U);
  EXPECT_EQ(queue.front().bytes, "bbbbbb");
  EXPECT_EQ(queue.Push({.bytes = "dddddddddd"}), 2U);
  EXPECT_EQ(queue.front().bytes, "dddddddddd");
  EXPECT_EQ(queue.size(), 1U);
}

TEST(RequestQueueTest, OneThatIsTooLargeIsKeptForAsLongAsItIsTheNewest) {
  RequestQueue queue(10);
  EXPECT_EQ(queue.Push({.bytes = std::string(100, 'x')}), 0U);
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.Push({.bytes = "y"}), 1U);
  EXPECT_EQ(queue.front().bytes, "y");
  queue.Pop();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
}

}  // namespace
}  // namespace brahe::otlp
