#include "userspace/energy/counter_file.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "userspace/base/temp_tree.h"

namespace brahe::energy {
namespace {

class CounterFileTest : public testing::Test {
 protected:
  TempTree tree_;
  CounterFile file_;
};

TEST_F(CounterFileTest, ReadsTheNumberAgainAndAgain) {
  tree_.Write("energy_uj", "12\n");
  ASSERT_TRUE(file_.Open(tree_.At("energy_uj")));
  EXPECT_EQ(*file_.Read(), 12u);
  tree_.Write("energy_uj", "18446744073709551615\n");
  EXPECT_EQ(*file_.Read(), UINT64_MAX);
  EXPECT_TRUE(file_.is_open());
}

TEST_F(CounterFileTest, AMissingFileIsAnErrorThatNamesIt) {
  const Status opened = file_.Open(tree_.At("energy_uj"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ENOENT);
  EXPECT_NE(opened.error().message.find(tree_.At("energy_uj")), std::string::npos);
  EXPECT_FALSE(file_.is_open());
}

TEST_F(CounterFileTest, ARemovedFileIsGoneAlthoughItIsStillOpen) {
  tree_.Write("energy_uj", "12\n");
  ASSERT_TRUE(file_.Open(tree_.At("energy_uj")));
  tree_.Remove("energy_uj");
  const auto number = file_.Read();
  ASSERT_FALSE(number);
  EXPECT_EQ(number.error().code, ENODEV);
  EXPECT_FALSE(file_.is_open());
}

TEST_F(CounterFileTest, AFileReplacedByRenameIsNoticed) {
  tree_.Write("energy_uj", "12\n");
  ASSERT_TRUE(file_.Open(tree_.At("energy_uj")));
  tree_.Write("new", "13\n");
  std::filesystem::rename(tree_.At("new"), tree_.At("energy_uj"));
  EXPECT_FALSE(file_.Read());
  ASSERT_TRUE(file_.Open(tree_.At("energy_uj")));
  EXPECT_EQ(*file_.Read(), 13u);
}

TEST_F(CounterFileTest, ANumberThatMayBeCutOffIsAnError) {
  for (const char* content : {"123", "1", "123 "}) {
    tree_.Write("energy_uj", "123\n");
    ASSERT_TRUE(file_.Open(tree_.At("energy_uj")));
    ASSERT_TRUE(file_.Read());
    tree_.Write("energy_uj", content);
    const auto number = file_.Read();
    ASSERT_FALSE(number) << content;
    EXPECT_EQ(number.error().message,
              "read " + tree_.At("energy_uj") + ": its number may be cut off: its line has no end, and had one before");
    EXPECT_FALSE(file_.is_open());
    ASSERT_TRUE(file_.Open(tree_.At("energy_uj")));
    EXPECT_FALSE(file_.Read()) << "opened again it is no better";
  }
}

TEST_F(CounterFileTest, ALineThatNeverHadAnEndNeedsNone) {
  tree_.Write("energy_uj", "123");
  ASSERT_TRUE(file_.Open(tree_.At("energy_uj")));
  for (int read = 0; read < 2; ++read) {
    const auto number = file_.Read();
    ASSERT_TRUE(number);
    EXPECT_EQ(*number, 123U);
  }
}

TEST_F(CounterFileTest, WhatIsNoNumberIsAnErrorThatNamesTheFile) {
  for (const char* content : {"", "\n", "-5", "12 J", "0x12", "1e6", "18446744073709551616"}) {
    tree_.Write("energy_uj", content);
    ASSERT_TRUE(file_.Open(tree_.At("energy_uj")));
    const auto number = file_.Read();
    ASSERT_FALSE(number) << content;
    EXPECT_NE(number.error().message.find(tree_.At("energy_uj")), std::string::npos);
    EXPECT_FALSE(file_.is_open());
  }
}

TEST_F(CounterFileTest, AFileThatOpensAndCannotBeReadIsAnError) {
  tree_.MakeFolder("energy_uj");
  ASSERT_TRUE(file_.Open(tree_.At("energy_uj")));
  EXPECT_EQ(file_.Read().error().code, EISDIR);
  EXPECT_FALSE(file_.is_open());
}

}  // namespace
}  // namespace brahe::energy
