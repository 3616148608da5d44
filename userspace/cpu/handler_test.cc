// The kernel's handler and user space's readers, the very lines of both, in a machine whose CPUs stop at every step in
// a random order. Each ns of each epoch must be found where it was used: by process, cgroup and socket.
#include <gtest/gtest.h>
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "bpf/cpu_time_records.h"
#include "userspace/cpu/cut_protocol.h"
#include "userspace/cpu/record_table.h"

struct task_struct {
  uint32_t pid = 0, tgid = 0;
  uint64_t start_ns = 0, cgroup_id = 0, own_ns = 0;
  bool running = false;
};

namespace {

void Step();
uint64_t ReadClock();
void ReadCgroupOf(const task_struct* task);

// What the handler's surroundings are in the kernel (see cpu_time_handler.h).
volatile cut_control control;
struct Memory {
  std::vector<cpu_slot> slots;
  std::vector<task_record> records;
  std::vector<record_marks> marks;
  std::vector<uint32_t> hints;
  std::vector<cgroup_move> moves;
  std::map<std::tuple<uint32_t, uint32_t, uint64_t, uint64_t>, uint32_t> procs;
  std::vector<uint32_t> free_records, free_overflow;
  size_t running_cpu = 0;
};
Memory* memory = nullptr;

std::tuple<uint32_t, uint32_t, uint64_t, uint64_t> Tuple(const task_key& key) {
  return {key.tgid, key.socket, key.start_ns, key.cgroup_id};
}

uint64_t clock_ns() { return ReadClock(); }
cpu_slot* this_slot() { return &memory->slots[memory->running_cpu]; }
task_record* record_at(uint32_t index) { return index < memory->records.size() ? &memory->records[index] : nullptr; }
record_marks* marks_of(uint32_t index) { return &memory->marks[index / MARKS_EACH]; }
uint32_t* hint_at(uint32_t number) { return &memory->hints[number % memory->hints.size()]; }
cgroup_move* move_at(uint32_t number) { return &memory->moves[number % MOVES_KEPT]; }
uint32_t find_record(const task_key* key) {
  const auto at = memory->procs.find(Tuple(*key));
  return at != memory->procs.end() ? at->second : 0;
}
uint32_t take_record(bool overflow) {
  std::vector<uint32_t>& stack = overflow ? memory->free_overflow : memory->free_records;
  if (stack.empty()) return 0;
  const uint32_t index = stack.back();
  stack.pop_back();
  return index;
}
int enter_record(const task_key* key, uint32_t index) {
  return memory->procs.try_emplace(Tuple(*key), index).second ? 0 : -EEXIST;
}
void note_comm(uint32_t, task_struct*) {}
uint32_t task_pid(const task_struct* task) { return task->pid; }
uint32_t task_tgid(const task_struct* task) { return task->tgid; }
uint64_t task_start_ns(const task_struct* task) { return task->start_ns; }
uint64_t task_cgroup_id(const task_struct* task) {
  ReadCgroupOf(task);
  return task->cgroup_id;
}
uint64_t task_own_ns(const task_struct* task) { return task->own_ns; }

#define STEP() Step()
#include "bpf/cpu_time_handler.h"

}  // namespace

namespace brahe {
namespace {

// Something that runs by itself and can stop anywhere.
class Fiber {
 public:
  explicit Fiber(std::function<void()> body) : body_(std::move(body)), stack_(64 << 10) {
    getcontext(&own_);
    own_.uc_stack.ss_sp = stack_.data();
    own_.uc_stack.ss_size = stack_.size();
    own_.uc_link = nullptr;
    const auto self = reinterpret_cast<uintptr_t>(this);
    makecontext(&own_, reinterpret_cast<void (*)()>(&Fiber::Run), 2, static_cast<unsigned>(self >> 32),
                static_cast<unsigned>(self));
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  void Resume() {
    current_ = this;
    swapcontext(&caller_, &own_);
    current_ = nullptr;
  }
  static void Yield() {
    Fiber* const fiber = current_;
    swapcontext(&fiber->own_, &fiber->caller_);
  }
  static bool IsRunning() { return current_ != nullptr; }

 private:
  static void Run(unsigned high, unsigned low) {
    reinterpret_cast<Fiber*>(static_cast<uintptr_t>(high) << 32 | low)->body_();
  }
  static inline Fiber* current_ = nullptr;
  std::function<void()> body_;
  std::vector<char> stack_;
  ucontext_t own_, caller_;
};

struct MachineOptions {
  uint32_t seed = 0;
  uint32_t records = 200;
  bool misses_events = false;
};

constexpr uint32_t kOverflowRecords = 3;
constexpr size_t kCpus = 4;
constexpr size_t kHints = 32;
constexpr uint32_t kCgroups = 5;
constexpr uint64_t kFirstCgroup = 100;

using Place = std::tuple<uint32_t, uint32_t, uint64_t, uint64_t>;  // as in task_key; tgid 0: idle, by CPU
using Times = std::map<Place, uint64_t>;

// A machine in which tasks run, are born, are moved and end, and what they really used.
class Machine final : public RecordStore, public Clock {
 public:
  explicit Machine(const MachineOptions& options) : options_(options), random_(options.seed), cpus_(kCpus) {
    memory_.slots.resize(kCpus);
    memory_.records.resize(kOverflowRecords + options.records + 1);
    memory_.marks.resize(memory_.records.size() / MARKS_EACH + 1);
    memory_.hints.resize(kHints);
    memory_.moves.resize(MOVES_KEPT);
    for (uint32_t i = kOverflowRecords + options.records; i != 0; --i) (void)Free(i);
    for (size_t cpu = 0; cpu < kCpus; ++cpu) {
      memory_.slots[cpu].key.socket = SocketOf(cpu);
      cpus_[cpu].fiber = std::make_unique<Fiber>([this, cpu] { RunCpu(cpu); });
      idle_[cpu] = std::make_unique<task_struct>();
      cpus_[cpu].task = idle_[cpu].get();
    }
    mover_ = std::make_unique<Fiber>([this] { RunMover(); });
    memory = &memory_;
    machine_ = this;
    control.cut = 1;
    control.settled[0] = 0;
    control.settled[1] = 0;
    control.moves = 0;
    for (int i = 0; i < 6; ++i) MakeProcess();
    // Each CPU has switched once, as after the program is attached.
    while (std::any_of(memory_.slots.begin(), memory_.slots.end(), [](const cpu_slot& slot) { return !slot.since; })) {
      RunOne();
    }
  }
  ~Machine() override { machine_ = nullptr; }

  static Machine& The() { return *machine_; }
  static uint32_t SocketOf(size_t cpu) { return static_cast<uint32_t>(cpu / 2); }
  uint64_t Below(uint64_t n) { return random_() % n; }

  // Clock.
  Nanoseconds Now() const override { return {now_}; }
  void SleepUntil(Nanoseconds instant) const override { const_cast<Machine*>(this)->RunUntil(instant.value); }
  Nanoseconds Suspended() const override { return {}; }
  void RunUntil(uint64_t instant) {
    while (now_ < instant) RunOne();
  }
  void RunSome() {
    for (uint64_t i = Below(12); i != 0; --i) RunOne();
  }
  // No move is half-way: in a real machine the margin is for that.
  void FinishMove() {
    while (moving_) RunOne();
  }

  void OnStep() {
    if (!Fiber::IsRunning() || Below(3) != 0) return;
    // Now and then a virtual CPU is taken away for longer than a cut is announced ahead.
    if (memory_.running_cpu != kMover && Below(2'000) == 0) {
      cpus_[memory_.running_cpu].stolen_until = now_ + 3'000'000;
    }
    Pause();
  }
  // The handler's clock ends one slice and begins another. The mover's is the instant of the move.
  uint64_t OnClock() {
    ++now_;
    if (memory_.running_cpu == kMover) {
      OnMove();
      return now_;
    }
    Cpu& cpu = cpus_[memory_.running_cpu];
    EndSlice(memory_.running_cpu);
    // A move whose instant is known to the mover, but not to anybody else yet: nobody can split the slice there.
    if (move_is_in_flight_ && cpu.known && cpu.on_cpu->tgid == moved_->tgid) blurred_.insert(moved_->tgid);
    cpu.begin = now_;
    cpu.on_cpu = cpu.next;
    cpu.known = true;
    cpu.is_open = cpu.next->pid == 0;
    return now_;
  }
  void OnMove() {
    for (size_t cpu = 0; cpu < kCpus; ++cpu) {
      Cpu& at = cpus_[cpu];
      if (!at.known || at.on_cpu->tgid != moved_->tgid) continue;
      if (!at.is_open) blurred_.insert(moved_->tgid);  // between its clock and the cgroup
      if (!at.is_open) continue;
      if (!moved_process_ && at.on_cpu != moved_) continue;
      EndSlice(cpu);
      at.begin = now_;
      at.cgroup_id = moved_->cgroup_id;
    }
    move_is_in_flight_ = true;
  }
  // The handler takes the cgroup of the task that is switched in.
  void OnCgroupRead(const task_struct* task) {
    if (memory_.running_cpu == kMover) return;
    Cpu& cpu = cpus_[memory_.running_cpu];
    if (cpu.is_open || task != cpu.next) return;
    cpu.cgroup_id = task->cgroup_id;
    cpu.is_open = true;
  }

  // What was used in (begin, end].
  Times Used(uint64_t begin, uint64_t end) {
    for (size_t cpu = 0; cpu < kCpus; ++cpu) {
      if (!cpus_[cpu].known || !cpus_[cpu].is_open) continue;  // not open: began after the end
      EndSlice(cpu);
      cpus_[cpu].begin = now_;
    }
    Times used;
    std::vector<Slice> later;
    for (const Slice& slice : slices_) {
      const uint64_t from = std::max(slice.begin, begin), to = std::min(slice.end, end);
      if (to > from) used[slice.place] += to - from;
      if (slice.end > end) later.push_back(slice);
    }
    slices_ = std::move(later);
    return used;
  }
  // Processes whose cgroups cannot be told apart to the ns. What happens while an epoch is read belongs to the next
  // one, so that each counts twice.
  std::set<uint32_t> TakeBlurred() {
    std::set<uint32_t> blurred = blurred_;
    blurred.merge(blurred_before_);
    blurred_before_ = std::exchange(blurred_, {});
    return blurred;
  }
  std::vector<ProcessKey> EndedBefore(uint64_t cut) {
    std::vector<ProcessKey> ended;
    std::erase_if(ends_, [&](const auto& end) {
      if (end.first > cut) return false;
      ended.push_back(end.second);
      return true;
    });
    return ended;
  }
  uint64_t SomeCgroup() { return kFirstCgroup + Below(kCgroups); }
  [[nodiscard]] size_t moves() const { return control.moves; }
  [[nodiscard]] size_t deaths() const { return deaths_; }

  // RecordStore. Handlers run on between any two calls.
  [[nodiscard]] uint32_t records() const override { return kOverflowRecords + options_.records; }
  [[nodiscard]] uint32_t overflow_records() const override { return kOverflowRecords; }
  Result<task_record*> RecordAt(uint32_t index) override {
    if (machine_ != nullptr) RunSome();
    return &memory_.records[index];
  }
  std::string_view CommOf(uint32_t) override { return ""; }
  std::span<record_marks> Marks() override { return memory_.marks; }
  Status Unlink(std::span<const task_key> keys) override {
    for (const task_key& key : keys) memory_.procs.erase(Tuple(key)), RunSome();
    return {};
  }
  Status Free(uint32_t index) override {
    (index <= kOverflowRecords ? memory_.free_overflow : memory_.free_records).push_back(index);
    if (machine_ != nullptr) RunSome();
    return {};
  }

  const CutMemory cut_memory() { return {&control, memory_.slots.data(), memory_.moves.data(), kCpus}; }

 private:
  static constexpr size_t kMover = ~size_t{0};
  struct Cpu {
    std::unique_ptr<Fiber> fiber;
    task_struct* task = nullptr;          // that really runs
    const task_struct* on_cpu = nullptr;  // whose slice it is, for the books
    uint64_t cgroup_id = 0;
    task_struct* next = nullptr;  // while it switches
    uint64_t begin = 0;
    uint64_t stolen_until = 0;
    bool known = false;    // the handler has run here
    bool is_open = false;  // it has taken the cgroup of the task that runs now
  };
  struct Slice {
    Place place;
    uint64_t begin, end;
  };

  void EndSlice(size_t index) {
    const Cpu& cpu = cpus_[index];
    if (!cpu.known || now_ == cpu.begin) return;
    const task_struct& task = *cpu.on_cpu;
    const Place place = task.pid != 0 ? Place{task.tgid, SocketOf(index), task.start_ns, cpu.cgroup_id}
                                      : Place{0, static_cast<uint32_t>(index), 0, 0};
    slices_.push_back({place, cpu.begin, now_});
  }

  void Pause() {
    const size_t cpu = memory_.running_cpu;
    Fiber::Yield();
    memory_.running_cpu = cpu;
  }
  void RunOne() {
    now_ += Below(2) == 0 ? Below(10'000) : 0;
    const size_t which = Below(kCpus + 1);
    if (which < kCpus && cpus_[which].stolen_until > now_) return;
    (which < kCpus ? cpus_[which].fiber : mover_)->Resume();
  }
  void PauseUntil(uint64_t instant) {
    do Pause();
    while (now_ < instant);
  }

  void RunCpu(size_t index) {
    memory_.running_cpu = index;
    Cpu& cpu = cpus_[index];
    const uint64_t mean = 5'000 + Below(20) * 100'000;
    while (true) {
      PauseUntil(now_ + 1 + Below(2 * mean));
      task_struct* const next = PickNext(index);
      if (next == cpu.task) continue;
      task_struct* const prev = cpu.task;
      next->running = true;
      if (!options_.misses_events || Below(8) != 0) {
        prev->own_ns = Below(2 * mean);
        cpu.next = next;
        handle_switch(&memory_.slots[index], prev, next);
        cpu.next = nullptr;
      }
      cpu.task = next;
      prev->running = false;
    }
  }
  task_struct* PickNext(size_t index) {
    if (Below(4) == 0 || tasks_.empty()) return idle_[index].get();
    task_struct* const task = tasks_[Below(tasks_.size())].get();
    return task->running ? cpus_[index].task : task;
  }

  // Moves, births and ends.
  void RunMover() {
    memory_.running_cpu = kMover;
    while (true) {
      PauseUntil(now_ + 1 + Below(400'000));
      const uint64_t what = Below(8);
      if (what == 0) {
        MakeProcess();
      } else if (what == 1) {
        EndProcess();
      } else if (!tasks_.empty()) {
        Move(*tasks_[Below(tasks_.size())]);
      }
    }
  }
  void MakeProcess() {
    const uint32_t tgid = 10 + static_cast<uint32_t>(Below(12));  // pids are used again
    for (const auto& task : tasks_) {
      if (task->tgid == tgid) return;
    }
    const uint64_t start = ++starts_;
    for (uint64_t thread = 0; thread < 1 + Below(3); ++thread) {
      auto task = std::make_unique<task_struct>();
      task->tgid = tgid;
      task->pid = thread == 0 ? tgid : tgid + 100 * static_cast<uint32_t>(thread);
      task->start_ns = start;
      task->cgroup_id = SomeCgroup();
      tasks_.push_back(std::move(task));
    }
  }
  void EndProcess() {
    if (tasks_.empty()) return;
    const uint32_t tgid = tasks_[Below(tasks_.size())]->tgid;
    uint64_t start = 0;
    for (const auto& task : tasks_) {
      if (task->tgid != tgid) continue;
      if (task->running) return;
      start = task->start_ns;
    }
    std::erase_if(tasks_, [&](auto& task) {
      if (task->tgid != tgid) return false;
      graveyard_.push_back(std::move(task));  // the books may still point at it
      return true;
    });
    ends_.emplace_back(++now_, ProcessKey{tgid, start});
    ++deaths_;
  }
  void Move(task_struct& task) {
    moving_ = true;
    moved_ = &task;
    moved_process_ = Below(2) == 0;
    const uint64_t cgroup_id = SomeCgroup();
    for (const auto& other : tasks_) {
      if (other.get() == &task || (moved_process_ && other->tgid == task.tgid)) other->cgroup_id = cgroup_id;
    }
    handle_move(&task, moved_process_ ? 1 : 0);
    moving_ = move_is_in_flight_ = false;
  }

  const MachineOptions options_;
  std::mt19937_64 random_;
  uint64_t now_ = 1'000'000;
  Memory memory_;
  std::vector<Cpu> cpus_;
  std::array<std::unique_ptr<task_struct>, kCpus> idle_;
  std::unique_ptr<Fiber> mover_;
  std::vector<std::unique_ptr<task_struct>> tasks_, graveyard_;
  std::vector<Slice> slices_;
  std::vector<std::pair<uint64_t, ProcessKey>> ends_;
  uint64_t starts_ = 0;
  size_t deaths_ = 0;
  std::set<uint32_t> blurred_, blurred_before_;
  bool moving_ = false, moved_process_ = false, move_is_in_flight_ = false;
  const task_struct* moved_ = nullptr;
  static inline Machine* machine_ = nullptr;
};

// User space, as BpfCpuTimeSource puts it together.
class Reader {
 public:
  explicit Reader(Machine& machine) : machine_(machine), cuts_(machine.cut_memory(), machine), table_(machine) {}

  // Cuts an epoch and returns what was found in it.
  Times Epoch() {
    found_.clear();
    machine_.FinishMove();
    cuts_.Cut();
    machine_.FinishMove();
    const auto idle = [this](size_t cpu, uint64_t ns) {
      if (ns != 0) found_[{0, static_cast<uint32_t>(cpu), 0, 0}] += ns;
    };
    cuts_.ReadSlots({.closed_idle = idle,
                     .open_idle = idle,
                     .lost = [this](size_t, uint64_t ns) { lost_ += ns; },
                     .running = [this](const task_key& key, uint64_t ns) { table_.Add(key, ns); }});
    machine_.RunSome();
    EXPECT_TRUE(table_.Read(cuts_.old_bank(), [](const task_key&, std::string_view) {}));
    table_.TakePending([this](const task_key& key, Nanoseconds time) {
      EXPECT_EQ(found_.count(Tuple(key)), 0U) << "handed over twice";
      found_[Tuple(key)] += time.value;
    });
    machine_.RunSome();
    for (const ProcessKey& process : machine_.EndedBefore(cuts_.instant())) table_.Retire(process);
    if (machine_.Below(3) == 0) table_.RetireCgroup(machine_.SomeCgroup());
    EXPECT_TRUE(table_.Recycle());
    return std::exchange(found_, {});
  }
  [[nodiscard]] uint64_t instant() const { return cuts_.instant(); }
  [[nodiscard]] uint64_t lost() const { return lost_; }
  [[nodiscard]] const RecordTable& table() const { return table_; }

 private:
  Machine& machine_;
  CutProtocol cuts_;
  RecordTable table_;
  Times found_;
  uint64_t lost_ = 0;
};

constexpr int kEpochs = 25;

uint64_t SumOf(const Times& times) {
  uint64_t sum = 0;
  for (const auto& [place, ns] : times) sum += ns;
  return sum;
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
    Machine machine({.seed = seed});
    Reader reader(machine);
    uint64_t previous = 0;
    for (int epoch = 0; epoch < kEpochs; ++epoch) {
      machine.RunUntil(machine.Now().value + machine.Below(5'000'000));
      const size_t moves_before = machine.moves();
      const Times found = reader.Epoch();
      const Times used = machine.Used(previous, reader.instant());
      if (previous != 0) {
        const std::string where = "seed " + std::to_string(seed) + ", epoch " + std::to_string(epoch);
        ASSERT_EQ(SumOf(found), kCpus * (reader.instant() - previous)) << where;
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

TEST(HandlerTest, ATableThatIsTooSmallKeepsCgroupsExact) {
  uint64_t lost = 0, overflowed = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Machine machine({.seed = seed, .records = 3});
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
        ASSERT_EQ(SumOf(found) + lost_now, kCpus * (reader.instant() - previous)) << where;
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
    Machine machine({.seed = seed, .misses_events = true});
    Reader reader(machine);
    uint64_t previous = 0;
    for (int epoch = 0; epoch < kEpochs; ++epoch) {
      machine.RunUntil(machine.Now().value + machine.Below(5'000'000));
      const Times found = reader.Epoch();
      if (previous != 0) {
        ASSERT_EQ(SumOf(found), kCpus * (reader.instant() - previous)) << "seed " << seed << ", epoch " << epoch;
      }
      previous = reader.instant();
    }
  }
}

}  // namespace
}  // namespace brahe

namespace {

void ReadCgroupOf(const task_struct* task) { brahe::Machine::The().OnCgroupRead(task); }
void Step() { brahe::Machine::The().OnStep(); }
uint64_t ReadClock() { return brahe::Machine::The().OnClock(); }

}  // namespace
