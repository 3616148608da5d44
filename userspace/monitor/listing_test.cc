#include "userspace/monitor/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <random>
#include <string>

namespace brahe::monitor {
namespace {

using testing::ElementsAre;

struct TestRecord {
  using Labels = std::string;

  attribution::AccountId account = attribution::kNoAccount;
  std::shared_ptr<const std::string> labels;
  bool ended = false;
  ListingEntry<TestRecord> entry;
};

using Time = std::vector<std::optional<Nanoseconds>>;

// A listing over a ledger of two series.
class ListingTest : public testing::Test {
 protected:
  TestRecord& Add(const std::string& name) {
    TestRecord& record = records.emplace_back();
    record.account = ledger.Open();
    record.labels = std::make_shared<const std::string>(name);
    listing.Add(record, {records.size()});
    return record;
  }
  void AddMany(size_t count) {
    for (size_t i = 0; i < count; ++i) Add(std::to_string(i));
  }
  void Remove(std::list<TestRecord>::iterator record) {
    listing.Remove(*record);
    ledger.Close(record->account);
    records.erase(record);
  }
  std::list<TestRecord>::iterator At(size_t item) { return std::next(records.begin(), static_cast<ptrdiff_t>(item)); }
  // In the next Post it uses as many microjoules of the first series and twice as many of the second.
  void Use(TestRecord& record, uint64_t energy) {
    attribution::LeafTime& leaf = leaves.emplace_back();
    leaf.process = {static_cast<uint32_t>(leaves.size()), 1};
    leaf.time = {energy};
    leaf.accounts[attribution::Level::kProcess] = record.account;
    listing.TouchFigures(record);
    used += energy;
  }
  void Post() {
    const attribution::LedgerSocket socket{.socket = 0, .capacity = {used}, .idle = {}};
    const std::optional<Microjoules> energy[] = {Microjoules{used}, Microjoules{used * 2}};
    ledger.Post({.sockets = {&socket, 1}, .energy = energy}, leaves);
    leaves.clear();
    used = 0;
  }
  WorkloadList<std::string> List(const Time& time = {Seconds(1), Seconds(1)}) { return listing.List(ledger, time); }

  static std::vector<std::string> Names(const WorkloadList<std::string>& list) {
    std::vector<std::string> names;
    for (const auto& workload : list) names.push_back(*workload.labels);
    return names;
  }
  // That the list is what a look at all records and accounts gives.
  void Expect(const WorkloadList<std::string>& list, const Time& time) {
    ASSERT_EQ(list.size(), records.size());
    std::vector<Microjoules> sums(time.size());
    size_t item = 0;
    for (const TestRecord& record : records) {
      ASSERT_EQ(list[item].labels, record.labels);
      ASSERT_EQ(list[item].state == WorkloadState::kTerminated, record.ended);
      ASSERT_EQ(list[item].cpu_time, ledger.CpuTime(record.account));
      for (size_t s = 0; s < time.size(); ++s) {
        const EnergyFigure expected = FigureOf(ledger.BalanceOf(record.account, s), time[s]);
        ASSERT_EQ(list.At(item, s).energy, expected.energy) << *record.labels;
        ASSERT_EQ(list.At(item, s).power, expected.power) << *record.labels;
        sums[s] += expected.energy;
      }
      ++item;
    }
    for (size_t s = 0; s < time.size(); ++s) ASSERT_EQ(list.Sum(s), sums[s]);
  }

  attribution::Ledger ledger{{{.series = 0, .socket = 0}, {.series = 1, .socket = 0}}};
  Listing<TestRecord> listing;
  std::list<TestRecord> records;
  std::vector<attribution::LeafTime> leaves;
  uint64_t used = 0;
};

TEST_F(ListingTest, AnEmptyOneGivesAnEmptyList) {
  EXPECT_TRUE(List().empty());
  EXPECT_EQ(List().Sum(0), Microjoules{});
}

TEST_F(ListingTest, OneThatFallsAsleepHasNoPowerThoughItsChunkStays) {
  Use(Add("a"), 3);
  Post();
  const auto awake = List();
  EXPECT_EQ(awake.At(0, 1).power, Microwatts{6});
  Post();
  const auto asleep = List();
  EXPECT_EQ(asleep.At(0, 1).power, Microwatts{0});
  EXPECT_EQ(asleep.At(0, 1).energy, Microjoules{6});
  EXPECT_EQ(asleep.chunks()[0], awake.chunks()[0]);
  EXPECT_EQ(awake.At(0, 1).power, Microwatts{6}) << "of its own epoch, for ever";
}

TEST_F(ListingTest, ThePowerOfASleeperIsUnknownWhereTheZonesEnergyIs) {
  Use(Add("a"), 3);
  Post();
  (void)List();
  Post();
  const auto unknown = List({std::nullopt, Seconds(1)});
  EXPECT_EQ(unknown.At(0, 0).power, std::nullopt);
  EXPECT_EQ(unknown.At(0, 1).power, Microwatts{0});
  Post();
  EXPECT_EQ(List().At(0, 0).power, Microwatts{0}) << "and known again afterwards";
}

TEST_F(ListingTest, OnlyTheChunkOfOneThatUsedTimeIsMadeAnew) {
  AddMany(200);
  Post();
  const auto before = List();
  ASSERT_EQ(before.chunks().size(), 4u);
  Use(*At(100), 5);
  Post();
  const auto after = List();
  EXPECT_EQ(after.At(100, 0).energy, Microjoules{5});
  EXPECT_EQ(after.chunks()[0], before.chunks()[0]);
  EXPECT_NE(after.chunks()[1], before.chunks()[1]);
  EXPECT_EQ(after.chunks()[1]->faces, before.chunks()[1]->faces) << "its names are shared";
  EXPECT_EQ(after.chunks()[2], before.chunks()[2]);
  EXPECT_EQ(after.chunks()[3], before.chunks()[3]);
}

TEST_F(ListingTest, ARemovalLeavesItsNeighboursInTheirOrder) {
  for (const char* name : {"a", "b", "c", "d"}) Add(name);
  Post();
  const auto before = List();
  Remove(At(1));
  Add("e");
  EXPECT_THAT(Names(List()), ElementsAre("a", "c", "d", "e"));
  EXPECT_THAT(Names(before), ElementsAre("a", "b", "c", "d"));
}

TEST_F(ListingTest, NewLabelsAndAnEndShow) {
  TestRecord& record = Add("a");
  Post();
  (void)List();
  record.labels = std::make_shared<const std::string>("b");
  record.ended = true;
  listing.TouchFace(record);
  const auto list = List();
  EXPECT_THAT(Names(list), ElementsAre("b"));
  EXPECT_EQ(list[0].state, WorkloadState::kTerminated);
}

TEST_F(ListingTest, PagesStayInProportionWhenMostAreRemoved) {
  AddMany(64 * 50);
  Post();
  (void)List();
  for (size_t item = 0; item < records.size(); ++item) {  // all but every 50th
    for (int i = 0; i < 49; ++i) Remove(At(item));
  }
  ASSERT_EQ(records.size(), 64u);
  Expect(List(), {Seconds(1), Seconds(1)});
  EXPECT_LE(listing.pages(), 4u);
  while (!records.empty()) Remove(records.begin());
  EXPECT_TRUE(List().empty());
  EXPECT_EQ(listing.pages(), 0u);
}

TEST_F(ListingTest, TellsSinceWhenEachCountsUntilItsLabelsChange) {
  TestRecord& first = Add("a");
  TestRecord& second = Add("b");
  listing.TouchLabels(second);  // nobody has seen the labels before
  Post();
  WorkloadList<std::string> list = List();
  EXPECT_EQ(list[0].since, Nanoseconds{1});
  EXPECT_EQ(list[1].since, Nanoseconds{2});
  EXPECT_NE(list[0].serial, list[1].serial);
  first.ended = true;
  listing.TouchFace(first);
  listing.TouchLabels(second);
  Post();
  list = List();
  EXPECT_EQ(list[0].since, Nanoseconds{1});
  EXPECT_EQ(list[1].since, std::nullopt);
  const uint64_t serial = list[0].serial;
  Remove(At(0));
  Add("a");
  Post();
  EXPECT_NE(List()[1].serial, serial);
}

TEST_F(ListingTest, ShowsWhatALookAtAllWouldWhateverHappens) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return random() % n; };
  const auto any = [&] { return At(below(records.size())); };
  for (int epoch = 0; epoch < 600; ++epoch) {
    const bool grows = (epoch / 100) % 2 == 0;
    for (uint64_t i = below(grows ? 20 : 3); i > 0; --i) Add(std::to_string(random()));
    for (uint64_t i = below(grows ? 4 : 25); i > 0 && !records.empty(); --i) Remove(any());
    if (!records.empty() && below(2) == 0) {
      TestRecord& record = *any();
      record.labels = std::make_shared<const std::string>("new");
      record.ended = below(2) == 0;
      listing.TouchFace(record);
    }
    for (uint64_t i = below(6); i > 0 && !records.empty(); --i) Use(*any(), below(1000));
    Post();
    if (below(5) == 0) continue;  // nobody lists this epoch
    Time time = {Seconds(1), Seconds(1 + below(5))};
    if (below(5) == 0) time[below(2)].reset();
    ASSERT_NO_FATAL_FAILURE(Expect(List(time), time)) << "epoch " << epoch;
  }
}

}  // namespace
}  // namespace brahe::monitor
