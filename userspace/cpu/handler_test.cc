// The kernel's handler and user space's readers, the very lines of both, in a machine whose CPUs stop at every step in
// a random order. Each ns of each epoch must be found where it was used: by process, cgroup and socket.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "userspace/cpu/cut_protocol.h"
#include "userspace/cpu/fake_machine.h"
#include "userspace/cpu/record_table.h"

namespace brahe::cpu {
namespace {

// What another process goes on from.
struct Kept {
  CutState cuts;
  RecordTableState records;
};

// User space, as BpfCpuTimeSource puts it together.
class Reader {
 public:
  explicit Reader(FakeMachine& machine) : machine_(machine), cuts_(machine.cut_memory(), machine), table_(machine) {}
  Reader(FakeMachine& machine, const Kept& kept) : Reader(machine) {
    const Status cuts = cuts_.Resume(kept.cuts);
    EXPECT_TRUE(cuts) << cuts.error().message;
    bank_unread_ = is_cut_ = cuts_.has_unread_slots();
    EXPECT_TRUE(table_.Resume(kept.records, cuts_.old_bank(), bank_unread_));
    looks_for_ends_ = true;
  }

  void Cut() {
    // That of the one before has been published already, and what it closes is to be kept first.
    if (std::exchange(is_cut_, false)) return;
    ReadOldBank();
    machine_.FinishMove();
    cuts_.Cut();
    machine_.FinishMove();
    bank_unread_ = true;
  }
  // What was found since the last call.
  Times Collect() {
    ReadOldBank();
    std::set<Place> taken;
    table_.TakePending([&](const task_key& key, Nanoseconds time) {
      EXPECT_TRUE(taken.insert(PlaceOf(key)).second) << "handed over twice";
      found_[PlaceOf(key)] += time.value;
    });
    machine_.RunSome();
    for (const ProcessKey& process : machine_.EndedBefore(cuts_.instant())) ended_.push_back(process);
    return std::exchange(found_, {});
  }
  [[nodiscard]] Kept Keep() const {
    Kept kept = {cuts_.State(), table_.State()};
    kept.records.retired.insert(kept.records.retired.end(), ended_.begin(), ended_.end());
    return kept;
  }
  void Acknowledge() {
    EXPECT_TRUE(table_.Acknowledge(cuts_.old_bank()));
    for (const ProcessKey& process : std::exchange(ended_, {})) table_.Retire(process);
    if (!machine_.is_still() && machine_.Below(3) == 0) table_.RetireCgroup(machine_.SomeCgroup());
    EXPECT_TRUE(table_.Recycle());
    if (!looks_for_ends_) return;
    const std::map<ProcessKey, uint32_t> alive = machine_.Users();
    table_.ForEachQuietProcess([&](const ProcessKey& process, uint64_t) {
      if (!alive.contains(process)) ended_.push_back(process);
    });
  }
  // Cuts an epoch and returns what was found in it.
  Times Epoch() {
    Cut();
    Times found = Collect();
    if (machine_.Below(4) != 0) Acknowledge();  // else nobody could keep this one
    return found;
  }
  [[nodiscard]] uint64_t instant() const { return cuts_.instant(); }
  [[nodiscard]] uint64_t lost() const { return lost_; }
  uint64_t TakeLost() { return std::exchange(lost_, 0); }
  [[nodiscard]] const RecordTable& table() const { return table_; }
  // By process, as told last.
  [[nodiscard]] const std::map<ProcessKey, uint32_t>& users() const { return users_; }

 private:
  void ReadOldBank() {
    const auto idle = [this](size_t cpu, uint64_t ns) {
      if (ns != 0) found_[{0, static_cast<uint32_t>(cpu), 0, 0}] += ns;
    };
    if (cuts_.has_unread_slots()) {
      cuts_.ReadSlots({.closed_idle = idle,
                       .open_idle = idle,
                       .lost = [this](size_t, uint64_t ns) { lost_ += ns; },
                       .running = [this](const task_key& key, uint64_t ns) { table_.Add(key, ns); }});
      machine_.RunSome();
    }
    if (!std::exchange(bank_unread_, false)) return;
    EXPECT_TRUE(table_.Read(cuts_.old_bank(), [this](const task_key& key, std::string_view, uint32_t uid) {
      if (uid != NO_UID) users_[{key.tgid, key.start_ns}] = uid;
    }));
  }

  FakeMachine& machine_;
  CutProtocol cuts_;
  RecordTable table_;
  bool bank_unread_ = false, is_cut_ = false, looks_for_ends_ = false;
  Times found_;
  std::vector<ProcessKey> ended_;
  std::map<ProcessKey, uint32_t> users_;
  uint64_t lost_ = 0;
};

constexpr int kEpochs = 25;

uint64_t SumOf(const Times& times) {
  uint64_t sum = 0;
  for (const auto& [place, ns] : times) sum += ns;
  return sum;
}

bool HasOverflows(const Times& times) {
  return std::any_of(times.begin(), times.end(),
                     [](const auto& time) { return std::get<0>(time.first) == OVERFLOW_TGID; });
}

// Idle time by CPU; all else by cgroup and socket.
Times ByCgroup(const Times& times) {
  Times sums;
  for (const auto& [place, ns] : times) {
    const auto& [tgid, socket, start, cgroup_id] = place;
    sums[tgid == 0 ? place : Place{1, socket, 0, cgroup_id}] += ns;
  }
  return sums;
}

// The cgroups of the named processes as one.
Times Merged(const Times& times, const std::set<uint32_t>& blurred) {
  Times merged;
  for (const auto& [place, ns] : times) {
    const auto& [tgid, socket, start, cgroup_id] = place;
    merged[blurred.contains(tgid) ? Place{tgid, socket, start, 0} : place] += ns;
  }
  return merged;
}

// A slice that is split at a move before a cut that has passed gives the old cgroup 1 ns behind the cut.
void ExpectSame(const Times& found, const Times& used, uint64_t tolerance, const std::string& where) {
  std::set<Place> places;
  for (const auto* times : {&found, &used}) {
    for (const auto& [place, ns] : *times) places.insert(place);
  }
  for (const Place& place : places) {
    const auto of = [&](const Times& times) {
      const auto at = times.find(place);
      return at != times.end() ? static_cast<int64_t>(at->second) : 0;
    };
    ASSERT_LE(static_cast<uint64_t>(std::abs(of(found) - of(used))), tolerance)
        << where << ": process " << std::get<0>(place) << " on " << std::get<1>(place) << " in cgroup "
        << std::get<3>(place) << " has " << of(found) << " and used " << of(used);
  }
}

TEST(HandlerTest, EveryNanosecondIsFoundWhereItWasUsedInWhateverOrderHandlersAndReadersRun) {
  size_t moves = 0, deaths = 0, compared = 0;
  for (uint32_t seed = 0; seed < 150; ++seed) {
    FakeMachine machine({.seed = seed});
    Reader reader(machine);
    uint64_t previous = 0;
    for (int epoch = 0; epoch < kEpochs; ++epoch) {
      machine.RunUntil(machine.Now().value + machine.Below(5'000'000));
      const size_t moves_before = machine.moves();
      const Times found = reader.Epoch();
      const Times used = machine.Used(previous, reader.instant());
      if (previous != 0) {
        const std::string where = "seed " + std::to_string(seed) + ", epoch " + std::to_string(epoch);
        ASSERT_EQ(SumOf(found), FakeMachine::kCpus * (reader.instant() - previous)) << where;
        const std::set<uint32_t> blurred = machine.TakeBlurred();
        compared += 12 - blurred.size();
        ASSERT_NO_FATAL_FAILURE(ExpectSame(Merged(found, blurred), Merged(used, blurred), 64, where));
      }
      previous = reader.instant();
      moves += machine.moves() - moves_before;
    }
    EXPECT_EQ(reader.lost(), 0U);
    EXPECT_EQ(reader.table().overflow_entries(), 0U);
    deaths += machine.deaths();
  }
  EXPECT_GT(moves, 1000U);
  EXPECT_GT(deaths, 1000U);
  EXPECT_GT(compared, 150U * kEpochs * 9) << "most processes are compared cgroup by cgroup";
}

TEST(HandlerTest, TheUserOfEachProcessThatRunsIsKnownInTheEndThoughItHasChanged) {
  size_t compared = 0;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    FakeMachine machine({.seed = seed});
    Reader reader(machine);
    Times found;
    for (int epoch = 0; epoch < kEpochs; ++epoch) {
      if (epoch == kEpochs - 8) machine.KeepStill();
      machine.RunUntil(machine.Now().value + 3'000'000);
      found = reader.Epoch();
    }
    const std::map<ProcessKey, uint32_t> users = machine.Users();
    for (const auto& [place, ns] : found) {
      const ProcessKey process = {std::get<0>(place), std::get<2>(place)};
      // One that still runs its first slice has told nothing.
      const auto user = users.find(process);
      const auto told = reader.users().find(process);
      if (user == users.end() || told == reader.users().end()) continue;
      EXPECT_EQ(told->second, user->second) << "seed " << seed << ", process " << process.pid;
      ++compared;
    }
  }
  EXPECT_GT(compared, 100U);
}

TEST(HandlerTest, ATableThatIsTooSmallKeepsCgroupsExact) {
  uint64_t lost = 0, overflowed = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    FakeMachine machine({.seed = seed, .records = 3});
    Reader reader(machine);
    uint64_t previous = 0;
    for (int epoch = 0; epoch < kEpochs; ++epoch) {
      machine.RunUntil(machine.Now().value + machine.Below(5'000'000));
      const uint64_t lost_before = reader.lost();
      const Times found = reader.Epoch();
      const Times used = machine.Used(previous, reader.instant());
      const uint64_t lost_now = reader.lost() - lost_before;
      if (previous != 0) {
        const std::string where = "seed " + std::to_string(seed) + ", epoch " + std::to_string(epoch);
        ASSERT_EQ(SumOf(found) + lost_now, FakeMachine::kCpus * (reader.instant() - previous)) << where;
        if (machine.TakeBlurred().empty()) {
          ASSERT_NO_FATAL_FAILURE(ExpectSame(ByCgroup(found), ByCgroup(used), 64 + lost_now, where));
        }
      }
      for (const auto& [place, ns] : found) overflowed += std::get<0>(place) == OVERFLOW_TGID ? ns : 0;
      previous = reader.instant();
    }
    lost += reader.lost();
  }
  EXPECT_GT(overflowed, 0U);
  EXPECT_GT(lost, 0U) << "the last resort was never needed";
}

TEST(HandlerTest, MissedEventsLoseNoTime) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    FakeMachine machine({.seed = seed, .misses_events = true});
    Reader reader(machine);
    uint64_t previous = 0;
    for (int epoch = 0; epoch < kEpochs; ++epoch) {
      machine.RunUntil(machine.Now().value + machine.Below(5'000'000));
      const Times found = reader.Epoch();
      if (previous != 0) {
        ASSERT_EQ(SumOf(found), FakeMachine::kCpus * (reader.instant() - previous))
            << "seed " << seed << ", epoch " << epoch;
      }
      previous = reader.instant();
    }
  }
}

// Numbers of records that nobody has a way to: not free, and without a key.
size_t LeakedRecords(FakeMachine& machine) {
  std::set<uint32_t> free;
  for (const auto* stack : {&machine.memory().free_records, &machine.memory().free_overflow}) {
    for (const uint32_t index : *stack) EXPECT_TRUE(free.insert(index).second) << "free twice: " << index;
  }
  size_t leaked = 0;
  for (uint32_t index = 1; index <= machine.records(); ++index) {
    const bool has_key = machine.memory().records[index].key.tgid != 0;
    EXPECT_FALSE(has_key && free.contains(index)) << "free and owned: " << index;
    leaked += !has_key && !free.contains(index) ? 1 : 0;
  }
  return leaked;
}

// Whoever keeps an epoch does so after Collect and before Acknowledge. User space may be killed at any other step.
TEST(HandlerTest, EveryNanosecondIsKeptOnceHoweverOftenUserSpaceIsKilledWhereverItIs) {
  size_t kills = 0, kills_of_resuming = 0, compared = 0, leaked = 0, not_free = 0;
  for (uint32_t seed = 0; seed < 40; ++seed) {
    FakeMachine machine({.seed = seed});
    auto reader = std::make_unique<Reader>(machine);
    std::optional<Kept> kept;
    uint64_t previous = 0, times_killed = 0;
    // Killed within the next step, or at some time.
    const uint64_t patience = seed % 2 == 0 ? 300 : 1500;
    for (int epoch = 0; epoch < 60; ++epoch) {
      machine.RunUntil(machine.Now().value + machine.Below(4'000'000));
      const bool is_resuming = reader == nullptr;
      if (epoch > 45) machine.KeepStill();
      try {
        machine.KillOneIn(kept && epoch < 45 ? patience : 0);
        if (is_resuming) reader = std::make_unique<Reader>(machine, *kept);
        if (machine.Below(4) == 0) {  // an epoch that fails: the next one has both
          machine.KillOneIn(0);       // after two cuts nobody can go on from what is kept
          reader->Cut();
          machine.RunUntil(machine.Now().value + machine.Below(4'000'000));
        }
        reader->Cut();
        const Times found = reader->Collect();
        kept = reader->Keep();
        machine.KillOneIn(epoch < 45 ? patience : 0);
        const uint64_t instant = reader->instant();
        const Times used = machine.Used(previous, instant);
        if (previous != 0) {
          const std::string where = "seed " + std::to_string(seed) + ", epoch " + std::to_string(epoch) + ", killed " +
                                    std::to_string(times_killed) + " times";
          const uint64_t lost = reader->TakeLost();
          ASSERT_EQ(SumOf(found) + lost, FakeMachine::kCpus * (instant - previous)) << where;
          const std::set<uint32_t> blurred = machine.TakeBlurred();
          // Of an epoch without a reader the ring may not have kept all moves, nor the table all processes.
          const bool was_full = lost != 0 || HasOverflows(found);
          compared += was_full ? 0 : 12 - blurred.size();
          if (!was_full) {
            ASSERT_NO_FATAL_FAILURE(ExpectSame(Merged(found, blurred), Merged(used, blurred), 64, where));
          }
        }
        previous = instant;
        reader->Acknowledge();
      } catch (const FakeMachine::Killed&) {
        kills_of_resuming += is_resuming && reader == nullptr ? 1 : 0;
        reader.reset();
        ++kills, ++times_killed;
      }
      machine.KillOneIn(0);
    }
    const size_t leaked_here = LeakedRecords(machine);
    EXPECT_LE(leaked_here, times_killed) << "seed " << seed;
    leaked += leaked_here;
    const std::map<ProcessKey, uint32_t> alive = machine.Users();
    for (const task_record& record : machine.memory().records) {
      if (record.key.tgid == 0 || record.key.tgid == OVERFLOW_TGID) continue;
      // Some rest, which takes two epochs.
      not_free += alive.contains({record.key.tgid & ~RESTING_BIT, record.key.start_ns}) ? 0 : 1;
    }
  }
  EXPECT_GT(kills, 500U);
  EXPECT_GT(kills_of_resuming, 20U);
  EXPECT_GT(compared, 10'000U);
  EXPECT_LT(leaked, kills / 8) << "only what was on its way back at that instant";
  EXPECT_EQ(not_free, 0U) << "records of processes that have ended long ago";
}

}  // namespace
}  // namespace brahe::cpu
