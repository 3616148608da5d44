#include "userspace/attribution/apportion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

namespace brahe::attribution {
namespace {

using testing::ElementsAre;
constexpr uint64_t kHuge = std::numeric_limits<uint64_t>::max();

std::vector<uint64_t> Split(uint64_t amount, const std::vector<uint64_t>& weights) {
  std::vector<uint64_t> shares(weights.size(), 77);
  Apportioner().Split(amount, weights, shares);
  return shares;
}

TEST(ActiveEnergyTest, IsTheBusyShareRoundedDown) {
  EXPECT_EQ(ActiveEnergy({10}, {1}, {3}).value, 3u);
  EXPECT_EQ(ActiveEnergy({10}, {0}, {3}).value, 0u);
  EXPECT_EQ(ActiveEnergy({kHuge}, {kHuge - 1}, {kHuge}).value, kHuge - 1);
}

TEST(ActiveEnergyTest, IsAllWhereBusyExceedsCapacityAndNothingWithoutCapacity) {
  EXPECT_EQ(ActiveEnergy({10}, {5}, {4}).value, 10u);
  EXPECT_EQ(ActiveEnergy({10}, {5}, {0}).value, 0u);
}

TEST(ApportionTest, GivesWhatIsLeftToTheLargestRemainders) {
  EXPECT_THAT(Split(10, {1, 1, 4}), ElementsAre(2, 2, 6));  // 1.67 1.67 6.67
  EXPECT_THAT(Split(5, {1, 2, 3}), ElementsAre(1, 2, 2));   // 0.83 1.67 2.5
  EXPECT_THAT(Split(100, {2, 3}), ElementsAre(40, 60));
}

TEST(ApportionTest, GivesEqualRemaindersToTheEarlierOne) {
  EXPECT_THAT(Split(2, {1, 1, 1}), ElementsAre(1, 1, 0));
  EXPECT_THAT(Split(7, {5, 5, 5, 5}), ElementsAre(2, 2, 2, 1));
}

TEST(ApportionTest, GivesNothingWithoutWeight) {
  EXPECT_THAT(Split(9, {0, 0}), ElementsAre(0, 0));
  EXPECT_THAT(Split(9, {}), ElementsAre());
  EXPECT_THAT(Split(1, {0, 1, 0, 1}), ElementsAre(0, 1, 0, 0));
}

TEST(ApportionTest, HoldsForTheLargestValues) {
  EXPECT_THAT(Split(kHuge, {kHuge, kHuge, kHuge}), ElementsAre(kHuge / 3, kHuge / 3, kHuge / 3));
  EXPECT_THAT(Split(kHuge, {kHuge}), ElementsAre(kHuge));
  EXPECT_THAT(Split(kHuge, {kHuge, 1}), ElementsAre(kHuge - 1, 1));
}

TEST(ApportionTest, SharesAddUpAndAreOffByLessThanOneForAnyInput) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  Apportioner apportioner;
  for (int round = 0; round < 2000; ++round) {
    const uint64_t amount = random() >> (random() % 64);
    const int shift = static_cast<int>(random() % 64);
    std::vector<uint64_t> weights(1 + random() % 50);
    for (uint64_t& weight : weights) weight = random() % 4 == 0 ? random() % 2 : random() >> shift;
    weights[0] |= 1;
    std::vector<uint64_t> shares(weights.size());
    apportioner.Split(amount, weights, shares);
    ASSERT_EQ(std::accumulate(shares.begin(), shares.end(), uint64_t{0}), amount);
    const Uint128 sum = std::accumulate(weights.begin(), weights.end(), Uint128{0});
    for (size_t i = 0; i < weights.size(); ++i) {
      const auto floor = static_cast<uint64_t>(static_cast<Uint128>(amount) * weights[i] / sum);
      ASSERT_TRUE(shares[i] == floor || (shares[i] == floor + 1 && weights[i] != 0)) << i;
    }
  }
}

}  // namespace
}  // namespace brahe::attribution
