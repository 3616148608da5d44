#include "userspace/base/fault_log.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

TEST(FaultLogTest, SaysALastingFaultOnceAndItsEndOnce) {
  FaultLog log;
  EXPECT_TRUE(log.Report("zone", "zone cannot be read"));
  EXPECT_FALSE(log.Report("zone", "zone cannot be read"));
  EXPECT_TRUE(log.Report("other", "another one"));
  EXPECT_TRUE(log.Clear("zone", "zone is back"));
  EXPECT_FALSE(log.Clear("zone", "zone is back"));
  EXPECT_TRUE(log.Report("zone", "gone again"));
}

TEST(FaultLogTest, RemembersABoundedNumberOfFaults) {
  FaultLog log;
  for (int i = 0; i < 1000; ++i) log.Report(std::to_string(i), "fault");
  EXPECT_FALSE(log.Report("one too many", "fault"));
}

}  // namespace
}  // namespace brahe
