#include "userspace/monitor/recent_keys.h"

#include <gtest/gtest.h>

namespace brahe::monitor {
namespace {

TEST(RecentKeysTest, RemembersAKeyForFourEpochs) {
  RecentKeys keys;
  keys.Add({7, 1});
  keys.Add({3, 1});
  for (int epoch = 0; epoch < 4; ++epoch) {
    keys.EndEpoch();
    EXPECT_TRUE(keys.Contains({7, 1}));
    EXPECT_TRUE(keys.Contains({3, 1}));
    EXPECT_FALSE(keys.Contains({7, 2}));
  }
  keys.EndEpoch();
  EXPECT_FALSE(keys.Contains({7, 1}));
}

}  // namespace
}  // namespace brahe::monitor
