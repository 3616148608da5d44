#include "userspace/cpu/procfs_view.h"

#include <gtest/gtest.h>

#include "userspace/base/temp_tree.h"

namespace brahe::cpu {
namespace {

// PROCFS/2/stat as Linux 6.18 has it.
std::string StatOf(const std::string& comm, const std::string& parent, const std::string& flags) {
  return "2 (" + comm + ") S " + parent + " 0 0 0 -1 " + flags +
         " 0 0 0 0 0 0 0 0 20 0 1 0 30 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 "
         "0 0 0 0\n";
}

TEST(ProcfsViewTest, KnowsKthreaddByItsNameItsParentAndItsFlags) {
  EXPECT_TRUE(IsKthreadd(StatOf("kthreadd", "0", "2129984")));
  EXPECT_FALSE(IsKthreadd(StatOf("kthreadd", "0", "4194560"))) << "a process that somebody named so";
  EXPECT_FALSE(IsKthreadd(StatOf("kthreadd", "1", "2129984")));
  EXPECT_FALSE(IsKthreadd(StatOf("kworker/0:0", "0", "2129984")));
  EXPECT_FALSE(IsKthreadd(""));
}

TEST(ProcfsViewTest, BelievesNoCopyOfAProcfs) {
  const TempTree copy;
  copy.Write("2/stat", StatOf("kthreadd", "0", "2129984"));
  const Status shown = CheckShowsAllProcesses(copy.path());
  ASSERT_FALSE(shown);
  EXPECT_EQ(shown.error().message, copy.path() + " is not a procfs (name the host's by --host.procfs)");
}

TEST(ProcfsViewTest, NamesAFolderThatIsNotThere) {
  const TempTree tree;
  const Status shown = CheckShowsAllProcesses(tree.At("none"));
  ASSERT_FALSE(shown);
  EXPECT_EQ(shown.error().code, ENOENT);
  EXPECT_NE(shown.error().message.find(tree.At("none")), std::string::npos) << shown.error().message;
}

}  // namespace
}  // namespace brahe::cpu
