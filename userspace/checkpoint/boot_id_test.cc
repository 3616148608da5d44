#include "userspace/checkpoint/boot_id.h"

#include <gtest/gtest.h>

#include "userspace/base/temp_tree.h"

namespace brahe::checkpoint {
namespace {

TEST(BootIdTest, IsTheKernelsAndTheSameEachTime) {
  const auto id = BootId("/proc");
  ASSERT_TRUE(id) << id.error().message;
  EXPECT_EQ(id->size(), 36U);
  EXPECT_EQ(*BootId("/proc"), *id);
}

TEST(BootIdTest, WhatIsNoneIsAnErrorThatNamesTheFile) {
  const TempTree tree;
  const std::string path = tree.At("sys/kernel/random/boot_id");
  EXPECT_EQ(BootId(tree.path()).error().message, "open " + path + ": No such file or directory");
  for (const char* content : {"", "\n", "1b2c\n", "one two three four five six seven ab\n"}) {
    tree.Write("sys/kernel/random/boot_id", content);
    const auto id = BootId(tree.path());
    ASSERT_FALSE(id) << content;
    EXPECT_EQ(id.error().message, path + ": not the id of a boot; is procfs mounted there?");
  }
  tree.Write("sys/kernel/random/boot_id", "0b8a9c3e-57f4-4d8e-9a53-2f3a7c5f1e0d\n");
  EXPECT_EQ(BootId(tree.path()).value_or(""), "0b8a9c3e-57f4-4d8e-9a53-2f3a7c5f1e0d");
}

}  // namespace
}  // namespace brahe::checkpoint
