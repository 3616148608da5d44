#include "userspace/fetch/sealed_file.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace brahe::fetch {
namespace {

TEST(SealedFileTest, CanBeReadAgainAndAgainAndNotBeChanged) {
  const std::string content(100'000, 'x');
  const auto file = SealedFile::Make("test", content);
  ASSERT_TRUE(file) << file.error().message;
  for (int i = 0; i < 2; ++i) {
    const auto read = ReadFile(file->path());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, content);
  }
  EXPECT_FALSE(WriteFile(file->path(), "y"));
  EXPECT_EQ(ReadFile(file->path()).value_or(""), content);
}

TEST(SealedFileTest, GoesWithItsOwner) {
  std::string path;
  {
    const auto file = SealedFile::Make("test", "content");
    ASSERT_TRUE(file) << file.error().message;
    path = file->path();
    EXPECT_EQ(std::filesystem::read_symlink(path), "/memfd:test (deleted)");
  }
  std::error_code error;
  EXPECT_NE(std::filesystem::read_symlink(path, error), "/memfd:test (deleted)");
}

}  // namespace
}  // namespace brahe::fetch
