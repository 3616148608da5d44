#include "bpf/cpu_time_slices.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>

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
	EXPECT_EQ(share.carry_since, 700U);
	EXPECT_EQ(share_before_cut(share.carry_since, 0, 1000), 300U);
}

TEST(SliceTest, MovesAreInTheOrderOfTheirTimesWhereverTheyStand)
{
	cpu_slot slot = {};
	slot.moves[0] = {200, 1};
	slot.moves[1] = {100, 2};
	EXPECT_EQ(older_move(&slot), 1U);
	slot.moves[1].ns = 300;
	EXPECT_EQ(older_move(&slot), 0U);
	slot.moves[1].ns = 0; // is being written
	EXPECT_EQ(older_move(&slot), 1U);
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

// One CPU, its handler and its reader, stepped in a random order; the handler's lines are those of cpu_time.bpf.c with
// a std::map in place of the hash map.
class Cpu
{
      public:
	void Switch(uint64_t now, uint32_t prev, uint32_t next, uint64_t own_ns)
	{
		if (slot_.pid != prev || slot_.since == 0)
			Repair(now, prev, own_ns);
		Close(slot_.since, now);
		Open(next, now);
	}
	void Publish(uint64_t instant)
	{
		previous_ = cut_ & ~1ULL;
		cut_ = instant | (1 - (cut_ & 1));
	}
	void ReadSlot()
	{
		const uint64_t instant = cut_instant(cut_);
		const uint32_t old = 1 - new_bank(cut_);
		read_ = slot_.idle_ns[old] - idle_seen_[old];
		idle_seen_[old] = slot_.idle_ns[old];
		if (slot_.since != 0 && slot_.since < instant) {
			read_ += share_before_cut(slot_.since, previous_, instant);
		} else if (slot_.carry_cut == instant) {
			read_ += share_before_cut(slot_.carry_since, previous_, instant);
		}
	}
	void Settle()
	{
		settled_ = cut_instant(cut_);
	}
	// All time of the epoch that the cut ended.
	uint64_t ReadBank()
	{
		const uint32_t old = 1 - new_bank(cut_);
		for (auto &[task, ns] : tasks_)
			read_ += ns[old] - std::exchange(seen_[task][old], ns[old]);
		return read_;
	}

      private:
	struct Banks {
		uint64_t ns[2] = {0, 0};
		uint64_t &operator[](size_t i)
		{
			return ns[i];
		}
	};
	void Repair(uint64_t now, uint32_t prev, uint64_t own_ns)
	{
		uint64_t since = slot_.since;
		if (since == 0) {
			since = first_since(now, cut_);
		} else if (prev != 0) {
			const uint64_t takeover = takeover_instant(since, now, own_ns, cut_);
			Close(since, takeover);
			since = takeover;
		}
		Open(prev, since);
	}
	void Close(uint64_t since, uint64_t now)
	{
		const slice_share share = close_slot_slice(&slot_, since, now, cut_, settled_);
		if (share.ns != 0)
			tasks_[slot_.key.tgid][share.bank] += share.ns;
	}
	void Open(uint32_t task, uint64_t now)
	{
		slot_.pid = task;
		slot_.key.tgid = task;
		slot_.since = now;
	}

	cpu_slot slot_ = {};
	uint64_t cut_ = 1, settled_ = 0, previous_ = 0, read_ = 0;
	uint64_t idle_seen_[2] = {0, 0};
	std::map<uint32_t, Banks> tasks_, seen_;
};

TEST(SliceTest, EveryEpochsTimeAddsUpExactlyWhateverTheOrderOfHandlerAndReader)
{
	for (uint32_t seed = 0; seed < 3000; ++seed) {
		std::mt19937_64 random(seed);
		const auto below = [&](uint64_t n) { return random() % n; };
		Cpu cpu;
		uint64_t now = 10;
		uint32_t running = 0;
		// Switches until `end`; now and then the handler does not see one.
		const auto run_until = [&](uint64_t end, uint64_t mean) {
			while (true) {
				const uint64_t at = now + 1 + below(mean);
				if (at > end)
					break;
				const auto next = static_cast<uint32_t>(below(4));
				if (next != running) {
					if (below(10) != 0)
						cpu.Switch(at, running, next, below(2 * mean));
					running = next;
				}
				now = at;
			}
			now = end;
		};
		const uint64_t mean = 2 + below(400); // from many switches an epoch to one in several epochs
		cpu.Switch(now, 0, 1, 0);
		running = 1;
		uint64_t previous = 0;
		for (int epoch = 0; epoch < 12; ++epoch) {
			run_until(now + below(300), mean);
			const uint64_t instant = (now + 40) & ~1ULL;
			cpu.Publish(instant);
			run_until(instant + below(5), mean);
			if (below(2) != 0)
				run_until(now + below(100), mean);
			cpu.ReadSlot();
			run_until(now + below(50), mean);
			cpu.Settle();
			run_until(now + below(50), mean);
			const uint64_t seen = cpu.ReadBank();
			if (previous != 0) {
				ASSERT_EQ(seen, instant - previous) << "seed " << seed << ", epoch " << epoch;
			}
			previous = instant;
		}
	}
}

} // namespace
