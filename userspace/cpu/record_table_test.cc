#include "userspace/cpu/record_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace brahe::cpu {
namespace {

constexpr uint32_t kRecords = 100, kOverflowRecords = 10;

// Records in which the test writes as the kernel would.
class FakeStore final : public RecordStore {
 public:
  [[nodiscard]] uint32_t records() const override { return kRecords; }
  [[nodiscard]] uint32_t overflow_records() const override { return kOverflowRecords; }
  Result<task_record*> RecordAt(uint32_t index) override { return &records_[index]; }
  Status ForEachRecord(const std::function<void(uint32_t, const task_record&)>& visit) override {
    for (uint32_t i = 0; i < records_.size(); ++i) visit(i, records_[i]);
    return {};
  }
  std::string_view CommOf(uint32_t) override { return "worker"; }
  std::span<record_marks> Marks() override { return marks_; }
  Status Unlink(std::span<const task_key> keys) override {
    if (refuses) return MakeError("not now");
    unlinked_.insert(unlinked_.end(), keys.begin(), keys.end());
    return {};
  }
  Status Free(uint32_t index) override {
    freed_.push_back(index);
    return {};
  }

  void SetUid(uint32_t index, uint32_t uid) { records_[index].uid = uid; }

  bool refuses = false;  // to unlink
  void Add(uint32_t index, const task_key& key, uint64_t ns) {
    records_[index].key = key;
    records_[index].ns[0] += ns;
    marks_[index / MARKS_EACH].of[0][index % MARKS_EACH] = 1;
  }
  [[nodiscard]] bool IsFree(uint32_t index) const { return std::count(freed_.begin(), freed_.end(), index) == 1; }
  [[nodiscard]] bool IsMarked(uint32_t index) const {
    return marks_[index / MARKS_EACH].of[0][index % MARKS_EACH] != 0;
  }
  [[nodiscard]] bool IsUnread(uint32_t index) const { return records_[index].ns[0] != records_[index].read_ns[0]; }
  // 0: no hint leads to it.
  [[nodiscard]] uint32_t OwnerOf(uint32_t index) const {
    const uint32_t tgid = records_[index].key.tgid;
    return (tgid & RESTING_BIT) != 0 ? 0 : tgid;
  }

 private:
  std::vector<task_record> records_ = std::vector<task_record>(kRecords + 1);
  std::vector<record_marks> marks_ = std::vector<record_marks>(2);
  std::vector<task_key> unlinked_;
  std::vector<uint32_t> freed_;
};

class RecordTableTest : public ::testing::Test {
 protected:
  void Read() {
    EXPECT_TRUE(table_.Read(0, [this](const task_key& key, std::string_view comm, uint32_t uid) {
      told_ += std::to_string(key.tgid) + ":" + std::string(comm) + ":" + std::to_string(uid) + " ";
    }));
    table_.TakePending([](const task_key&, Nanoseconds) {});
    EXPECT_TRUE(table_.Acknowledge(0));
  }
  // What is left quiet, by pid.
  std::map<uint32_t, uint64_t> Quiet() {
    std::map<uint32_t, uint64_t> quiet;
    table_.ForEachQuietProcess([&](const ProcessKey& process, uint64_t reads) { quiet[process.pid] += reads; });
    return quiet;
  }

  // What has been told since the last call, as PID:COMM:UID.
  std::string TakeTold() { return std::exchange(told_, ""); }

  std::string told_;
  FakeStore store_;
  RecordTable table_{store_};
};

TEST_F(RecordTableTest, TimeThatWasReadIsHandedOverOnceWhetherThatIsAcknowledgedOrNot) {
  const task_key key = {7, 0, 1, 100};
  const auto pending = [&](uint32_t bank) {
    EXPECT_TRUE(table_.Read(bank, [](const task_key&, std::string_view, uint32_t) {}));
    uint64_t sum = 0;
    table_.TakePending([&](const task_key&, Nanoseconds time) { sum += time.value; });
    return sum;
  };
  store_.Add(20, key, 50);
  EXPECT_EQ(pending(0), 50U);
  EXPECT_TRUE(store_.IsUnread(20)) << "another process that reads now must find it";
  EXPECT_EQ(pending(0), 0U);
  store_.Add(20, key, 5);  // the bank receives again
  EXPECT_EQ(pending(1), 0U);
  EXPECT_TRUE(table_.Acknowledge(1));
  EXPECT_TRUE(store_.IsMarked(20)) << "whoever added the 5 ns found the mark set";
  EXPECT_TRUE(store_.IsUnread(20));
  EXPECT_EQ(pending(0), 5U);
  EXPECT_TRUE(table_.Acknowledge(0));
  EXPECT_FALSE(store_.IsMarked(20));
  EXPECT_FALSE(store_.IsUnread(20));
  EXPECT_EQ(pending(0), 0U);
}

TEST_F(RecordTableTest, ARecordTellsItsUserAtFirstAndWhenItIsAnother) {
  store_.Add(20, {7, 0, 1, 100}, 50), store_.SetUid(20, 0);
  Read();
  EXPECT_EQ(TakeTold(), "7:worker:0 ");
  store_.Add(20, {7, 0, 1, 100}, 50);
  Read();
  EXPECT_EQ(TakeTold(), "");
  store_.SetUid(20, 33);
  Read();
  EXPECT_EQ(TakeTold(), "") << "it has not run";
  store_.Add(20, {7, 0, 1, 100}, 50);
  Read();
  EXPECT_EQ(TakeTold(), "7::33 ");
  store_.Add(20, {7, 0, 1, 100}, 50);
  Read();
  EXPECT_EQ(TakeTold(), "");
}

TEST_F(RecordTableTest, AProcessThatHasRunTellsItsUserAgainOnceItIsAskedTo) {
  const task_key key = {7, 0, 1, 100}, elsewhere = {7, 0, 1, 200}, younger = {7, 0, 2, 100};
  const auto run = [&] { store_.Add(20, key, 50), store_.Add(21, elsewhere, 50), store_.Add(22, younger, 50), Read(); };
  for (const uint32_t index : {20, 21, 22}) store_.SetUid(index, 33);
  run(), TakeTold();
  table_.TellUserAgain({7, 1});
  table_.TellUserAgain({8, 1});
  run();
  EXPECT_EQ(TakeTold(), "7::33 ");
  run();
  EXPECT_EQ(TakeTold(), "");
}

TEST_F(RecordTableTest, WhicheverRecordOfAProcessIsTheFirstToKnowItsNewUserTells) {
  const auto run = [&](uint32_t index, uint32_t uid) {
    store_.SetUid(index, uid), store_.Add(index, {7, 0, 1, index}, 50), Read();
    return TakeTold();
  };
  EXPECT_EQ(run(20, 0), "7:worker:0 ");
  EXPECT_EQ(run(21, 0), "7:worker:0 ");
  EXPECT_EQ(run(21, 33), "7::33 ");
  EXPECT_EQ(run(20, 33), "");
  EXPECT_EQ(run(20, 0), "7::0 ");
  EXPECT_EQ(run(21, 33), "7::33 ") << "what it was when this record told last";
  EXPECT_EQ(run(22, 33), "7:worker:33 ");
}

TEST_F(RecordTableTest, RecordsForOverflowsAreNobodys) {
  store_.Add(1, {OVERFLOW_TGID, 0, 0, 100}, 50);
  Read();
  store_.SetUid(1, 33), store_.Add(1, {OVERFLOW_TGID, 0, 0, 100}, 50);
  Read();
  EXPECT_EQ(TakeTold(), "");
}

TEST_F(RecordTableTest, ARecordIsFreeTwoReadsAfterItsProcessHasEnded) {
  store_.Add(20, {7, 0, 1, 100}, 50);
  Read();
  table_.Retire({7, 1});
  EXPECT_TRUE(table_.Recycle());
  EXPECT_EQ(store_.OwnerOf(20), 0U) << "no hint leads to it";
  EXPECT_FALSE(store_.IsFree(20));
  EXPECT_EQ(table_.entries(), 1U);
  Read();
  EXPECT_TRUE(table_.Recycle());
  EXPECT_FALSE(store_.IsFree(20));
  Read();
  EXPECT_TRUE(table_.Recycle());
  EXPECT_TRUE(store_.IsFree(20));
  EXPECT_EQ(table_.entries(), 0U);
}

// Its key would lead to it when it is another's.
TEST_F(RecordTableTest, ARecordWhoseKeyTheKernelDoesNotTakeIsNotUsedAgainBeforeItDoes) {
  store_.Add(20, {7, 0, 1, 100}, 50);
  Read();
  table_.Retire({7, 1});
  store_.refuses = true;
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(table_.Recycle());
    Read();
  }
  EXPECT_EQ(store_.OwnerOf(20), 7U);
  EXPECT_FALSE(store_.IsFree(20));
  store_.refuses = false;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(table_.Recycle());
    EXPECT_FALSE(i < 2 && store_.IsFree(20));
    Read();
  }
  EXPECT_TRUE(store_.IsFree(20));
  EXPECT_EQ(table_.entries(), 0U);
}

TEST_F(RecordTableTest, ARecordThatAppearsAfterTheEndGoesAsWell) {
  table_.Retire({7, 1});
  Read();
  EXPECT_TRUE(table_.Recycle());
  store_.Add(20, {7, 0, 1, 100}, 50);
  Read();
  EXPECT_TRUE(table_.Recycle());
  EXPECT_EQ(store_.OwnerOf(20), 0U);
}

TEST_F(RecordTableTest, ARecordOfAGoneCgroupGoesWhenItIsQuietButNotAProcessesLastOne) {
  store_.Add(20, {7, 0, 1, 100}, 50);
  store_.Add(21, {7, 0, 1, 200}, 50);
  store_.Add(22, {8, 0, 1, 100}, 50);
  Read();
  table_.RetireCgroup(100);
  EXPECT_TRUE(table_.Recycle());
  EXPECT_EQ(store_.OwnerOf(20), 7U) << "it may be in use";
  Read();
  Read();
  EXPECT_TRUE(table_.Recycle());
  EXPECT_EQ(store_.OwnerOf(20), 0U);
  EXPECT_EQ(store_.OwnerOf(21), 7U);
  EXPECT_EQ(store_.OwnerOf(22), 8U) << "the end of 8 would go unseen";
  EXPECT_EQ(Quiet(), (std::map<uint32_t, uint64_t>{{7, 2}, {8, 2}}));
}

TEST_F(RecordTableTest, AProcessIsQuietSinceItRanLastAlsoIfThatWasInACgroupThatIsGone) {
  store_.Add(20, {7, 0, 1, 200}, 50);
  for (int i = 0; i < 20; ++i) Read();
  store_.Add(21, {7, 0, 1, 100}, 50);
  Read();
  table_.RetireCgroup(100);
  Read();
  Read();
  EXPECT_TRUE(table_.Recycle());
  EXPECT_EQ(store_.OwnerOf(21), 0U);
  EXPECT_EQ(Quiet(), (std::map<uint32_t, uint64_t>{{7, 2}})) << "else its end is looked for much later";
}

TEST_F(RecordTableTest, WhereRoomIsScarceRecordsThatAreQuietGoBeforeTheirCgroupsAreKnownToBeGone) {
  for (uint32_t i = 0; i < 80; ++i) store_.Add(20 + i, {7, 0, 1, 100 + i}, 50);
  Read();
  Read();
  store_.Add(99, {7, 0, 1, 179}, 50);
  Read();
  EXPECT_TRUE(table_.Recycle());
  EXPECT_EQ(store_.OwnerOf(20), 0U);
  EXPECT_EQ(store_.OwnerOf(99), 7U);
}

TEST_F(RecordTableTest, OverflowsOfGoneCgroupsGo) {
  store_.Add(1, {OVERFLOW_TGID, 0, 0, 100}, 50);
  Read();
  EXPECT_EQ(table_.overflow_entries(), 1U);
  EXPECT_EQ(table_.entries(), 0U);
  Read();
  Read();
  EXPECT_TRUE(Quiet().empty()) << "no process";
  table_.RetireCgroup(100);
  for (int i = 0; i < 5; ++i) {
    Read();
    EXPECT_TRUE(table_.Recycle());
  }
  EXPECT_EQ(table_.overflow_entries(), 0U);
  EXPECT_TRUE(store_.IsFree(1));
}

TEST_F(RecordTableTest, AProcessThatNeverGotARecordIsLookedForAsWell) {
  table_.Add({7, 0, 1, 100}, 50);
  table_.Add({8, 0, 1, 100}, 50);
  Read();
  Read();
  EXPECT_TRUE(Quiet().empty());
  Read();
  EXPECT_EQ(Quiet(), (std::map<uint32_t, uint64_t>{{7, 2}, {8, 2}}));
  store_.Add(20, {7, 0, 1, 100}, 50);
  table_.Retire({8, 1});
  Read();
  EXPECT_TRUE(table_.Recycle());
  EXPECT_TRUE(Quiet().empty());
}

TEST_F(RecordTableTest, KnowsTwoProcessesThatHadOnePidApart) {
  store_.Add(20, {7, 0, 1, 100}, 50);
  Read();
  EXPECT_FALSE(table_.OtherOfItsPid({7, 1}));
  store_.Add(21, {7, 0, 2, 100}, 50);
  Read();
  EXPECT_EQ(table_.OtherOfItsPid({7, 2}), (ProcessKey{7, 1}));
  EXPECT_EQ(table_.OtherOfItsPid({7, 1}), (ProcessKey{7, 2}));
  table_.Retire({7, 1});
  EXPECT_TRUE(table_.Recycle());
  EXPECT_EQ(store_.OwnerOf(20), 0U);
  EXPECT_EQ(store_.OwnerOf(21), 7U);
  EXPECT_FALSE(table_.OtherOfItsPid({7, 2}));
}

}  // namespace
}  // namespace brahe::cpu
