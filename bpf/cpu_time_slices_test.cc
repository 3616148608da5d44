#include "bpf/cpu_time_slices.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace
{

constexpr uint64_t kCut = 1000; // instant 1000, bank 0 receives after it

TEST(SliceTest, TimeBeforeTheCutGoesToTheOldBank)
{
	const slice_share share = share_slice(100, 900, kCut, 0);
	EXPECT_EQ(share.ns, 800U);
	EXPECT_EQ(share.bank, 1U);
	EXPECT_FALSE(share.crossed);
}

TEST(SliceTest, ASliceThatEndsAtTheCutHasNoTimeAfterIt)
{
	const slice_share share = share_slice(100, 1000, kCut, 0);
	EXPECT_EQ(share.ns, 900U);
	EXPECT_EQ(share.bank, 1U);
	EXPECT_FALSE(share.crossed);
}

TEST(SliceTest, TimeAfterTheCutGoesToTheNewBank)
{
	const slice_share share = share_slice(1000, 1500, kCut, 0);
	EXPECT_EQ(share.ns, 500U);
	EXPECT_EQ(share.bank, 0U);
	EXPECT_FALSE(share.crossed);
}

TEST(SliceTest, ASliceAcrossTheCutLeavesItsEarlyPartToUserSpace)
{
	const slice_share share = share_slice(700, 1500, kCut, 0);
	EXPECT_EQ(share.ns, 500U);
	EXPECT_EQ(share.bank, 0U);
	EXPECT_TRUE(share.crossed);
	EXPECT_EQ(share_before_cut(700, 0, 1000), 300U);
}

TEST(SliceTest, TimeThatIsSettledIsNotBookedAgain)
{
	EXPECT_EQ(share_slice(700, 1500, kCut, 1000).ns, 500U);
	EXPECT_FALSE(share_slice(700, 1500, kCut, 1000).crossed);
	EXPECT_EQ(share_slice(700, 900, kCut, 900).ns, 0U);
}

TEST(SliceTest, BeforeTheFirstCutAllTimeLandsInTheBankThatItCloses)
{
	const uint64_t start = 1; // no instant yet, bank 1 receives
	EXPECT_EQ(share_slice(100, 900, start, 0).bank, 1U);
	EXPECT_EQ(first_since(500, start), 500U);
	EXPECT_EQ(first_since(1500, kCut), 1000U);
	EXPECT_EQ(first_since(900, kCut), 900U);
}

TEST(SliceTest, ATakeoverIsPlacedBehindACutThatHasPassed)
{
	EXPECT_EQ(takeover_instant(100, 900, 200, kCut), 700U);
	EXPECT_EQ(takeover_instant(100, 900, 5000, kCut), 100U) << "own time is bounded by the gap";
	EXPECT_EQ(takeover_instant(700, 1500, 600, kCut), 1001U);
	EXPECT_EQ(takeover_instant(700, 1500, 100, kCut), 1400U);
	EXPECT_EQ(takeover_instant(1100, 1500, 300, kCut), 1200U);
}

} // namespace
