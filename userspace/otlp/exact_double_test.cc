#include "userspace/otlp/exact_double.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <string>

namespace brahe::otlp {
namespace {

// What the C library reads of the decimal number, which is rounded once.
double Read(uint64_t amount, size_t decimals) {
  std::string text = std::to_string(amount);
  if (text.size() <= decimals) text.insert(0, decimals + 1 - text.size(), '0');
  text.insert(text.size() - decimals, 1, '.');
  return std::strtod(text.c_str(), nullptr);
}

TEST(ExactDoubleTest, IsTheDoubleNearestToTheDecimalNumber) {
  EXPECT_EQ(InJoules({0}), 0.0);
  EXPECT_EQ(InJoules({1'500'000}), 1.5);
  EXPECT_EQ(InWatts({1}), 0.000001);
  EXPECT_EQ(InSeconds({1}), 1e-9);
  uint64_t amount = 88172645463325252;
  for (int i = 0; i < 100'000; ++i) {
    amount ^= amount << 13;
    amount ^= amount >> 7;
    amount ^= amount << 17;
    for (const uint64_t n : {amount, amount >> 11, amount >> 30}) {
      ASSERT_EQ(InJoules({n}), Read(n, 6)) << n;
      ASSERT_EQ(InSeconds({n}), Read(n, 9)) << n;
    }
  }
  for (const uint64_t n :
       {(uint64_t{1} << 53) - 1, uint64_t{1} << 53, (uint64_t{1} << 53) + 1, std::numeric_limits<uint64_t>::max()}) {
    EXPECT_EQ(InJoules({n}), Read(n, 6)) << n;
    EXPECT_EQ(InSeconds({n}), Read(n, 9)) << n;
  }
}

}  // namespace
}  // namespace brahe::otlp
