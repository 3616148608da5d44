#include "userspace/workload/user_names.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "userspace/base/temp_tree.h"

namespace brahe::workload {
namespace {

class UserNamesTest : public testing::Test {
 protected:
  void Write(const std::string& text) const { tree_.Write("1/root/etc/passwd", text); }
  std::string NameInNextEpoch(uint32_t uid) {
    names_.EndEpoch();
    return names_.NameOf(uid);
  }

  TempTree tree_;
  bool shows_host_ = true;
  UserNames names_{tree_.path(), [this] { return shows_host_; }};
};

TEST_F(UserNamesTest, TheHostsFileTellsNames) {
  Write("root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000:Alice,,,:/home/alice:/bin/bash\nlast:x:7:7::/:/");
  EXPECT_EQ(names_.NameOf(0), "root");
  EXPECT_EQ(names_.NameOf(1000), "alice");
  EXPECT_EQ(names_.NameOf(7), "last");
  EXPECT_EQ(names_.NameOf(1001), "1001");
  EXPECT_EQ(names_.NameOf(4294967295), "4294967295");
}

TEST_F(UserNamesTest, WithoutTheHostsFileUsersAreNumbers) {
  EXPECT_EQ(names_.NameOf(0), "0");
  Write("root:x:0:0::/:/\n");
  EXPECT_EQ(NameInNextEpoch(0), "root");
  tree_.Remove("1/root/etc/passwd");
  EXPECT_EQ(NameInNextEpoch(0), "0");
}

TEST_F(UserNamesTest, AProcfsThatIsNotTheHostsTellsNobodysName) {
  shows_host_ = false;
  Write("web:x:1000:1000::/:/\n");
  EXPECT_EQ(names_.NameOf(1000), "1000");
}

TEST_F(UserNamesTest, AChangeIsSeenInTheNextEpoch) {
  Write("alice:x:1000:1000::/:/\n");
  EXPECT_EQ(names_.NameOf(1000), "alice");
  Write("bob:x:1000:1000::/:/\n");
  EXPECT_EQ(names_.NameOf(1000), "alice") << "it is looked at once an epoch";
  EXPECT_EQ(NameInNextEpoch(1000), "bob");
}

TEST_F(UserNamesTest, OfSeveralNamesTheFirstCounts) {
  Write("root:x:0:0::/:/\ntoor:x:0:0::/:/\n");
  EXPECT_EQ(names_.NameOf(0), "root");
}

TEST_F(UserNamesTest, LinesThatMakeNoSenseAreLeftOut) {
  const std::string longest(kLongestUserName, 'l');
  Write(
      "+:x:1:1::/:/\n-nis:x:2:2::/:/\n:x:3:3::/:/\nbell\a:x:4:4::/:/\na b:x:5:5::/:/\nminus:x:-6:6::/:/\n"
      "big:x:4294967296:7::/:/\nhex:x:0x8:8::/:/\nshort:x\n" +
      longest + "l:x:9:9::/:/\n" + longest + ":x:10:10::/:/\n\n:::\nno number:x::11::/:/\nlast:x:12");
  for (uint32_t uid = 0; uid < 10; ++uid) EXPECT_EQ(names_.NameOf(uid), std::to_string(uid));
  EXPECT_EQ(names_.NameOf(10), longest);
  EXPECT_EQ(names_.NameOf(12), "last");
}

TEST_F(UserNamesTest, AFileOfAnyBytesOrSizeDoesNoHarm) {
  constexpr std::string_view kBytes("\0\xff\n\0:\0:\0:\n\xc3\xa9:x:5:5\n", 19);
  static_assert(kBytes.back() == '\n');
  Write(std::string(kBytes));
  EXPECT_EQ(names_.NameOf(5), "\xc3\xa9");
  std::string huge;
  while (huge.size() < (2 << 20)) huge += "user" + std::to_string(huge.size()) + ":x:6:6::/:/\n";
  Write(huge);
  EXPECT_EQ(NameInNextEpoch(6), "6") << "longer than any that people keep";
  EXPECT_EQ(names_.NameOf(5), "5");
}

TEST_F(UserNamesTest, WhatIsNoFileIsNotOpened) {
  tree_.MakeFolder("1/root/etc");
  ASSERT_EQ(mkfifo(tree_.At("1/root/etc/passwd").c_str(), 0644), 0);
  EXPECT_EQ(names_.NameOf(0), "0");
  tree_.Remove("1/root/etc/passwd");
  tree_.Write("own", "liar:x:0:0::/:/\n");
  tree_.Link("1/root/etc/passwd", tree_.At("own"));
  EXPECT_EQ(NameInNextEpoch(0), "0") << "a link leads into our own root";
}

}  // namespace
}  // namespace brahe::workload
