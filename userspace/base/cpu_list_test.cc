#include "userspace/base/cpu_list.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

using Cpus = std::vector<uint32_t>;

TEST(CpuListTest, ReadsSinglesAndRanges) {
  EXPECT_EQ(*ParseCpuList("0-3,8,10-11\n"), (Cpus{0, 1, 2, 3, 8, 10, 11}));
  EXPECT_EQ(*ParseCpuList("0\n"), Cpus{0});
  EXPECT_EQ(*ParseCpuList("\n"), Cpus{});
}

TEST(CpuListTest, RefusesAndQuotesWhatIsNoList) {
  for (const char* bad : {"3-1", "0,", ",0", "0,,1", "a", "0-", "-1", "0-4294967295", "1 2", "0-1-2"}) {
    const auto cpus = ParseCpuList(bad);
    ASSERT_FALSE(cpus) << bad;
    EXPECT_NE(cpus.error().message.find('"' + std::string(bad) + '"'), std::string::npos) << cpus.error().message;
  }
}

}  // namespace
}  // namespace brahe
