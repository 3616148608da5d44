#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "bpf/cpu_time_records.h"
#include "userspace/base/clock.h"
#include "userspace/base/process_key.h"
#include "userspace/cpu/cut_protocol.h"
#include "userspace/cpu/fiber.h"
#include "userspace/cpu/record_table.h"

struct task_struct {
  uint32_t pid = 0, tgid = 0, uid = 0;
  uint64_t start_ns = 0, cgroup_id = 0, own_ns = 0;
  bool running = false;
};

namespace brahe::cpu {

using Place = std::tuple<uint32_t, uint32_t, uint64_t, uint64_t>;  // as in task_key; tgid 0: idle, by CPU
using Times = std::map<Place, uint64_t>;

inline Place PlaceOf(const task_key& key) { return {key.tgid, key.socket, key.start_ns, key.cgroup_id}; }

struct FakeMachineOptions {
  uint32_t seed = 0;
  uint32_t records = 200;
  bool misses_events = false;
};

// A machine in which tasks run, are born, are moved and end, and what they really used. Its CPUs run the kernel's
// handler, and stop at its steps in a random order; they run on whenever user space sleeps or touches shared memory.
// One at a time.
class FakeMachine final : public RecordStore, public Clock {
 public:
  static constexpr size_t kCpus = 4;
  // What both sides share, and the kernel's maps.
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

  explicit FakeMachine(const FakeMachineOptions& options);
  ~FakeMachine() override { machine_ = nullptr; }

  static FakeMachine& The() { return *machine_; }
  Memory& memory() { return memory_; }
  static uint32_t SocketOf(size_t cpu) { return static_cast<uint32_t>(cpu / 2); }
  uint64_t Below(uint64_t n) { return random_() % n; }

  // Clock.
  Nanoseconds Now() const override { return {now_}; }
  void SleepUntil(Nanoseconds instant) const override {
    const_cast<FakeMachine*>(this)->MaybeKill();
    const_cast<FakeMachine*>(this)->RunUntil(instant.value);
    const_cast<FakeMachine*>(this)->MaybeKill();
  }
  Nanoseconds Suspended() const override { return {}; }
  void RunUntil(uint64_t instant) {
    while (now_ < instant) RunOne();
  }
  void RunSome() {
    MaybeKill();
    for (uint64_t i = Below(12); i != 0; --i) RunOne();
  }
  // No move is half-way: in a real machine the margin is for that.
  void FinishMove() {
    while (moving_) RunOne();
  }

  // What the handler tells of itself, see cpu_time_handler.h. It may stop at a step.
  void OnStep();
  // The handler's clock ends one slice and begins another. The mover's is the instant of the move.
  uint64_t OnClock();
  // The handler takes the cgroup of the task that is switched in.
  void OnCgroupRead(const task_struct* task);

  // What was used in (begin, end].
  Times Used(uint64_t begin, uint64_t end);
  // Processes whose cgroups cannot be told apart to the ns. What happens while an epoch is read belongs to the next
  // one, so that each counts twice.
  std::set<uint32_t> TakeBlurred();
  std::vector<ProcessKey> EndedBefore(uint64_t cut);
  uint64_t SomeCgroup();
  // From now on nobody is born, moved or ended, or changes its user.
  void KeepStill() { still_ = true; }
  [[nodiscard]] bool is_still() const { return still_; }
  // By process.
  [[nodiscard]] std::map<ProcessKey, uint32_t> Users() const;
  [[nodiscard]] size_t moves() const;
  [[nodiscard]] size_t deaths() const { return deaths_; }

  // From now on user space is killed, one time in so many, where handlers may run on: Killed is thrown. 0: no more.
  struct Killed {};
  void KillOneIn(uint64_t many) { kill_one_in_ = many; }

  // RecordStore. Handlers run on between any two calls.
  [[nodiscard]] uint32_t records() const override { return kOverflowRecords + options_.records; }
  [[nodiscard]] uint32_t overflow_records() const override { return kOverflowRecords; }
  Result<task_record*> RecordAt(uint32_t index) override;
  Status ForEachRecord(const std::function<void(uint32_t, const task_record&)>& visit) override;
  std::string_view CommOf(uint32_t) override { return ""; }
  std::span<record_marks> Marks() override { return memory_.marks; }
  Status Unlink(std::span<const task_key> keys) override;
  Status Free(uint32_t index) override;

  [[nodiscard]] CutMemory cut_memory() const;

 private:
  static constexpr size_t kMover = ~size_t{0};
  static constexpr uint32_t kOverflowRecords = 3;
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

  void MaybeKill() {
    if (kill_one_in_ != 0 && Below(kill_one_in_) == 0) throw Killed();
  }
  void OnMove();
  void EndSlice(size_t index);

  void Pause();
  void RunOne();
  void PauseUntil(uint64_t instant);

  void RunCpu(size_t index);
  task_struct* PickNext(size_t index);

  // Moves, births and ends.
  void RunMover();
  void MakeProcess();
  void EndProcess();
  void Move(task_struct& task);
  void ChangeUser(uint32_t tgid);

  const FakeMachineOptions options_;
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
  bool still_ = false;
  uint64_t kill_one_in_ = 0;
  bool moving_ = false, moved_process_ = false, move_is_in_flight_ = false;
  const task_struct* moved_ = nullptr;
  static inline FakeMachine* machine_ = nullptr;
};

}  // namespace brahe::cpu
