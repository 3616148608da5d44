#include "userspace/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "userspace/base/temp_tree.h"

namespace brahe {
namespace {

TEST(FileTest, ReadsAWholeFileAndNamesOneThatIsMissing) {
  const TempTree tree;
  tree.Write("a/b", std::string(10000, 'x'));
  EXPECT_EQ(*ReadFile(tree.At("a/b")), std::string(10000, 'x'));
  const auto missing = ReadFile(tree.At("none"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ENOENT);
  EXPECT_EQ(missing.error().message, "open " + tree.At("none") + ": No such file or directory");
}

TEST(FileTest, StopsAtItsLimit) {
  const TempTree tree;
  tree.Write("big", std::string(100, 'x'));
  EXPECT_EQ(ReadFile(tree.At("big"), 7)->size(), 7U);
}

TEST(FileTest, ARegularFileIsReadWholeOrNotAtAll) {
  const TempTree tree;
  tree.Write("file", std::string(1 << 20, 'x'));
  tree.Write("long", std::string((1 << 20) + 1, 'x'));
  tree.Link("link", "file");
  tree.MakeFolder("folder");
  ASSERT_EQ(mkfifo(tree.At("pipe").c_str(), 0600), 0);
  EXPECT_EQ(ReadRegularFile(tree.At("link"))->size(), size_t{1} << 20);
  EXPECT_EQ(ReadRegularFile(tree.At("long")).error().message,
            tree.At("long") + ": longer than 1 MiB; is this the right file?");
  EXPECT_EQ(ReadRegularFile(tree.At("none")).error().message,
            "open " + tree.At("none") + ": No such file or directory");
  for (const std::string& path : {tree.At("pipe"), tree.At("folder"), std::string("/dev/zero")}) {
    EXPECT_EQ(ReadRegularFile(path).error().message, path + ": not a regular file");
  }
}

TEST(FileTest, AnOpenFileIsReadFromItsStartEachTime) {
  const TempTree tree;
  tree.Write("counter", "1\n");
  const auto fd = OpenForReading(tree.At("counter"));
  ASSERT_TRUE(fd);
  EXPECT_EQ(*ReadFromStart(fd->get(), "counter"), "1\n");
  ASSERT_TRUE(WriteFile(tree.At("counter"), "22\n"));
  EXPECT_EQ(*ReadFromStart(fd->get(), "counter"), "22\n");
}

TEST(FileTest, ParsesOnlyWholeNumbers) {
  EXPECT_EQ(*ParseUint64(" 42\n"), 42U);
  EXPECT_EQ(*ParseUint64("18446744073709551615"), UINT64_MAX);
  for (const char* bad : {"", " ", "-1", "1.5", "12x", "0x10", "18446744073709551616", "+3"}) {
    EXPECT_FALSE(ParseUint64(bad)) << bad;
  }
  EXPECT_EQ(ParseUint64("garbage").error().message, "not a number: \"garbage\"");
}

TEST(FileTest, ADescriptorIsClosedOnce) {
  const TempTree tree;
  tree.Write("f", "");
  auto first = OpenForReading(tree.At("f"));
  ASSERT_TRUE(first);
  UniqueFd second = std::move(*first);
  EXPECT_FALSE(first->valid());
  EXPECT_TRUE(second.valid());
}

}  // namespace
}  // namespace brahe
