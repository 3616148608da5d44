#include "userspace/base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace brahe {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return MakeError("odd");
  return number / 2;
}

TEST(ResultTest, HoldsAValueOrAnError) {
  EXPECT_EQ(*Half(8), 4);
  const Result<int> odd = Half(7);
  EXPECT_FALSE(odd);
  EXPECT_EQ(odd.error().message, "odd");
  EXPECT_EQ(odd.value_or(-1), -1);
}

TEST(ResultTest, MovesAValueThatCannotBeCopied) {
  Result<std::unique_ptr<int>> owner = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = *std::move(owner);
  EXPECT_EQ(*taken, 3);
}

TEST(ResultTest, SystemErrorNamesTheThingAndTheReason) {
  const Error error = SystemError("open x", ENOENT);
  EXPECT_EQ(error.code, ENOENT);
  EXPECT_EQ(error.message, "open x: No such file or directory");
}

TEST(ResultTest, StatusIsSuccessUnlessGivenAnError) {
  EXPECT_TRUE(Status());
  EXPECT_FALSE(Status(MakeError("no")));
}

}  // namespace
}  // namespace brahe
