#include "userspace/cpu/fake_machine.h"

#include <algorithm>
#include <cerrno>

namespace brahe::cpu {
namespace {

FakeMachine::Memory& Memory() { return FakeMachine::The().memory(); }

// What the handler's surroundings are in the kernel (see cpu_time_handler.h).
volatile cut_control control;
uint64_t clock_ns() { return FakeMachine::The().OnClock(); }
cpu_slot* this_slot() { return &Memory().slots[Memory().running_cpu]; }
task_record* record_at(uint32_t index) { return index < Memory().records.size() ? &Memory().records[index] : nullptr; }
record_marks* marks_of(uint32_t index) { return &Memory().marks[index / MARKS_EACH]; }
uint32_t* hint_at(uint32_t number) { return &Memory().hints[number % Memory().hints.size()]; }
cgroup_move* move_at(uint32_t number) { return &Memory().moves[number % MOVES_KEPT]; }
uint32_t find_record(const task_key* key) {
  const auto at = Memory().procs.find(PlaceOf(*key));
  return at != Memory().procs.end() ? at->second : 0;
}
uint32_t take_record(bool overflow) {
  std::vector<uint32_t>& stack = overflow ? Memory().free_overflow : Memory().free_records;
  if (stack.empty()) return 0;
  const uint32_t index = stack.back();
  stack.pop_back();
  return index;
}
int enter_record(const task_key* key, uint32_t index) {
  return Memory().procs.try_emplace(PlaceOf(*key), index).second ? 0 : -EEXIST;
}
void note_comm(uint32_t, task_struct*) {}
uint32_t task_pid(const task_struct* task) { return task->pid; }
uint32_t task_tgid(const task_struct* task) { return task->tgid; }
uint32_t task_uid(const task_struct* task) { return task->uid; }
uint64_t task_start_ns(const task_struct* task) { return task->start_ns; }
uint64_t task_cgroup_id(const task_struct* task) {
  FakeMachine::The().OnCgroupRead(task);
  return task->cgroup_id;
}
uint64_t task_own_ns(const task_struct* task) { return task->own_ns; }

#define STEP() FakeMachine::The().OnStep()
#include "bpf/cpu_time_handler.h"

constexpr size_t kHints = 32;
constexpr uint32_t kCgroups = 5;
constexpr uint64_t kFirstCgroup = 100;

}  // namespace

FakeMachine::FakeMachine(const FakeMachineOptions& options) : options_(options), random_(options.seed), cpus_(kCpus) {
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

void FakeMachine::OnStep() {
  if (!Fiber::IsRunning() || Below(3) != 0) return;
  // Now and then a virtual CPU is taken away for longer than a cut is announced ahead.
  if (memory_.running_cpu != kMover && Below(2'000) == 0) {
    cpus_[memory_.running_cpu].stolen_until = now_ + 3'000'000;
  }
  Pause();
}

uint64_t FakeMachine::OnClock() {
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

void FakeMachine::OnMove() {
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

void FakeMachine::OnCgroupRead(const task_struct* task) {
  if (memory_.running_cpu == kMover) return;
  Cpu& cpu = cpus_[memory_.running_cpu];
  if (cpu.is_open || task != cpu.next) return;
  cpu.cgroup_id = task->cgroup_id;
  cpu.is_open = true;
}

Times FakeMachine::Used(uint64_t begin, uint64_t end) {
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

std::set<uint32_t> FakeMachine::TakeBlurred() {
  std::set<uint32_t> blurred = blurred_;
  blurred.merge(blurred_before_);
  blurred_before_ = std::exchange(blurred_, {});
  return blurred;
}

std::vector<ProcessKey> FakeMachine::EndedBefore(uint64_t cut) {
  std::vector<ProcessKey> ended;
  std::erase_if(ends_, [&](const auto& end) {
    if (end.first > cut) return false;
    ended.push_back(end.second);
    return true;
  });
  return ended;
}

Result<task_record*> FakeMachine::RecordAt(uint32_t index) {
  if (machine_ != nullptr) RunSome();
  return &memory_.records[index];
}

Status FakeMachine::ForEachRecord(const std::function<void(uint32_t, const task_record&)>& visit) {
  for (uint32_t i = 0; i < memory_.records.size(); ++i) visit(i, memory_.records[i]), RunSome();
  return {};
}

Status FakeMachine::Unlink(std::span<const task_key> keys) {
  for (const task_key& key : keys) memory_.procs.erase(PlaceOf(key)), RunSome();
  return {};
}

Status FakeMachine::Free(uint32_t index) {
  MaybeKill();
  (index <= kOverflowRecords ? memory_.free_overflow : memory_.free_records).push_back(index);
  if (machine_ != nullptr) RunSome();
  return {};
}

void FakeMachine::EndSlice(size_t index) {
  const Cpu& cpu = cpus_[index];
  if (!cpu.known || now_ == cpu.begin) return;
  const task_struct& task = *cpu.on_cpu;
  const Place place = task.pid != 0 ? Place{task.tgid, SocketOf(index), task.start_ns, cpu.cgroup_id}
                                    : Place{0, static_cast<uint32_t>(index), 0, 0};
  slices_.push_back({place, cpu.begin, now_});
}

void FakeMachine::Pause() {
  const size_t cpu = memory_.running_cpu;
  Fiber::Yield();
  memory_.running_cpu = cpu;
}

void FakeMachine::RunOne() {
  now_ += Below(2) == 0 ? Below(10'000) : 0;
  const size_t which = Below(kCpus + 1);
  if (which < kCpus && cpus_[which].stolen_until > now_) return;
  (which < kCpus ? cpus_[which].fiber : mover_)->Resume();
}

void FakeMachine::PauseUntil(uint64_t instant) {
  do Pause();
  while (now_ < instant);
}

void FakeMachine::RunCpu(size_t index) {
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

task_struct* FakeMachine::PickNext(size_t index) {
  if (Below(4) == 0 || tasks_.empty()) return idle_[index].get();
  task_struct* const task = tasks_[Below(tasks_.size())].get();
  return task->running ? cpus_[index].task : task;
}

void FakeMachine::RunMover() {
  memory_.running_cpu = kMover;
  while (true) {
    PauseUntil(now_ + 1 + Below(400'000));
    const uint64_t what = Below(8);
    if (still_) {
      continue;
    } else if (what == 0) {
      MakeProcess();
    } else if (what == 1) {
      EndProcess();
    } else if (!tasks_.empty()) {
      task_struct& task = *tasks_[Below(tasks_.size())];
      Below(4) == 0 ? ChangeUser(task.tgid) : Move(task);
    }
  }
}

void FakeMachine::ChangeUser(uint32_t tgid) {
  const auto uid = static_cast<uint32_t>(Below(3));
  for (const auto& task : tasks_) {
    if (task->tgid == tgid) task->uid = uid;
  }
}

std::map<ProcessKey, uint32_t> FakeMachine::Users() const {
  std::map<ProcessKey, uint32_t> users;
  for (const auto& task : tasks_) users[{task->tgid, task->start_ns}] = task->uid;
  return users;
}

void FakeMachine::MakeProcess() {
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

void FakeMachine::EndProcess() {
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

void FakeMachine::Move(task_struct& task) {
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

uint64_t FakeMachine::SomeCgroup() { return kFirstCgroup + Below(kCgroups); }

size_t FakeMachine::moves() const { return control.moves; }

CutMemory FakeMachine::cut_memory() const { return {&control, memory_.slots.data(), memory_.moves.data(), kCpus}; }

}  // namespace brahe::cpu
