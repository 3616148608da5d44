#include "userspace/workload/command_line.h"

#include <gtest/gtest.h>

#include "userspace/base/temp_tree.h"

namespace brahe::workload {
namespace {

using Arguments = std::vector<std::string>;

class CommandLineTest : public testing::Test {
 protected:
  Arguments Read(std::string_view content) const {
    process_.Write("cmdline", content);
    return *ReadCommandLine(process_.path());
  }
  TempTree process_;
};

TEST_F(CommandLineTest, AnArgumentMayHoldAnyBytesAndNone) {
  using namespace std::string_view_literals;
  EXPECT_EQ(Read("kvm\0-m\0"
                 "512\0"sv),
            (Arguments{"kvm", "-m", "512"}));
  EXPECT_EQ(Read("kvm\0\0a b\n\xff\0\0"sv), (Arguments{"kvm", "", "a b\n\xff", ""}));
  EXPECT_EQ(Read("\0"sv), Arguments{""});
  EXPECT_EQ(Read("a title that the process gave itself"sv), Arguments{"a title that the process gave itself"});
  EXPECT_EQ(Read(""), Arguments{});
}

TEST_F(CommandLineTest, OfALongOneTheBeginningIsRead) {
  const Arguments arguments = Read(std::string("kvm\0", 4) + std::string(2 << 20, 'x'));
  EXPECT_EQ(arguments, (Arguments{"kvm", std::string(kLongestCommandLine - 4, 'x')}));
}

TEST_F(CommandLineTest, OneThatCannotBeReadIsAnError) { EXPECT_FALSE(ReadCommandLine(process_.At("absent"))); }

TEST(CommandLineRealTest, KnowsThisVeryTest) {
  const auto arguments = ReadCommandLine("/proc/self");
  ASSERT_TRUE(arguments);
  EXPECT_NE(arguments->at(0).find("command_line_test"), std::string::npos);
}

}  // namespace
}  // namespace brahe::workload
