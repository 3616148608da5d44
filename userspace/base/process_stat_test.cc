#include "userspace/base/process_stat.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

// Fields 3 to 52 of a child of process 1 that has used 20 + 30 ticks, started at tick 5000, has 8192 bytes and 77
// pages, and ran on CPU 6.
constexpr char kTail[] =
    " S 1 2 3 0 -1 4194560 1 2 3 4 20 30 700 800 20 0 1 0 5000 8192 77 3 4 5 6 7 8 9 10 11 12 0 0 0 17 6 0 0 0 0 0 "
    "0 0 0 0 0 0 0 0\n";

std::string CommOf(const std::string& comm) {
  ProcessStat stat;
  return ParseProcessStat("42 (" + comm + ")" + kTail, stat) ? stat.comm : "(malformed)";
}

TEST(ProcessStatTest, ReadsAProcess) {
  ProcessStat stat;
  ASSERT_TRUE(ParseProcessStat(std::string("42 (init)") + kTail, stat));
  EXPECT_EQ(stat.comm, "init");
  EXPECT_EQ(stat.state, 'S');
  EXPECT_EQ(stat.parent, 1U);
  EXPECT_EQ(stat.flags, 4194560U);
  EXPECT_EQ(stat.user_ticks, 20U);
  EXPECT_EQ(stat.system_ticks, 30U);
  EXPECT_EQ(stat.cpu_ticks(), 50U);
  EXPECT_EQ(stat.start_ticks, 5000U);
  EXPECT_EQ(stat.virtual_bytes, 8192U);
  EXPECT_EQ(stat.resident_pages, 77U);
  EXPECT_EQ(stat.cpu, 6U);
  EXPECT_FALSE(stat.is_kernel_thread());
}

TEST(ProcessStatTest, KnowsAKernelThread) {
  ProcessStat stat;
  ASSERT_TRUE(
      ParseProcessStat("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 7 0 0 20 0 1 0 2 0 0 18446744073709551615 "
                       "0 0 0 0 0 0 0 2147483647 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0\n",
                       stat));
  EXPECT_TRUE(stat.is_kernel_thread());
  EXPECT_EQ(stat.parent, 0U);
}

TEST(ProcessStatTest, ANameMayHoldAnyBytes) {
  for (const std::string comm : {"a b", ") S 1 (", "", "((", "))", "x\ny", "\xff\xfe", "1 2 3"}) {
    EXPECT_EQ(CommOf(comm), comm);
  }
  EXPECT_EQ(CommOf(std::string("a\0b", 3)), std::string("a\0b", 3));
}

TEST(ProcessStatTest, UndoesTheKernelsEscapesAndAdditions) {
  EXPECT_EQ(CommOf("a\\nb\\\\c"), "a\nb\\c");
  EXPECT_EQ(CommOf("a\\"), "a\\");
  EXPECT_EQ(CommOf("kworker/u8:2+events_unbound"), "kworker/u8:2");
  EXPECT_EQ(CommOf("kworker/0:1H-kblockd"), "kworker/0:1H");
  EXPECT_EQ(CommOf("kworker/R-rcu_gp"), "kworker/R-rcu_g");
  EXPECT_EQ(CommOf("kworker/R-nvme-wq"), "kworker/R-nvme-");
  EXPECT_EQ(CommOf("kworker/R-md+md_misc"), "kworker/R-md");
  EXPECT_EQ(CommOf("a-name-that-is-far-too-long"), "a-name-that-is-");
}

TEST(ProcessStatTest, RefusesEveryCutOfALine) {
  const std::string whole = std::string("42 (init)") + kTail;
  const size_t cpu_field = whole.find(" 17 6 ") + 4;
  ProcessStat stat;
  for (size_t length = 0; length <= cpu_field; ++length) {
    EXPECT_FALSE(ParseProcessStat(whole.substr(0, length), stat)) << length;
  }
  for (const char* garbage : {")(", "()", "1 (a) S", "1 (a) S x x x x x x x x x x x x", "\n\n"}) {
    EXPECT_FALSE(ParseProcessStat(garbage, stat)) << garbage;
  }
}

TEST(RealUidTest, IsTheFirstOfFourNumbers) {
  EXPECT_EQ(ParseRealUid("Name:\tsh\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nGid:\t5\t5\t5\t5\n"), 1000U);
  EXPECT_EQ(ParseRealUid("Name:\tUid:\t7\\nUid:\t8\nUid:\t4294967294\t0\t0\t0\n"), 4294967294U);
}

TEST(RealUidTest, WhatIsNoneIsUnknown) {
  for (const char* text : {"", "Name:\tsh\n", "Uid:\t1\t1\t1\t1\n", "\nUid:\t", "\nUid:\t1", "\nUid:\tx\t1\t1\t1\n",
                           "\nUid:\t-1\t1\t1\t1\n", "\nUid:\t4294967296\t1\t1\t1\n", "\nUid: 1\t1\t1\t1\n"}) {
    EXPECT_EQ(ParseRealUid(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace brahe
