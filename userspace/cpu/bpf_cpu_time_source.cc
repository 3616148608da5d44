#include "userspace/cpu/bpf_cpu_time_source.h"

#include <glog/logging.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "bpf/cpu_time_slices.h"
#include "userspace/cpu/bank_reader.h"
#include "userspace/cpu/overflow_reader.h"

namespace brahe {
namespace {

// How far in the future a cut is published. It doubles whenever that was not enough (a virtual CPU was taken away), and
// shrinks again after so many cuts in time.
constexpr Nanoseconds kMinCutLead = Milliseconds(2);
constexpr Nanoseconds kMaxCutLead = Milliseconds(64);
constexpr uint32_t kCutsToShrinkLead = 64;
// After T, so that small differences between the CPUs' clocks do not matter.
constexpr Nanoseconds kCutMargin = {50'000};
// Epochs for which a process that ended is remembered, so that its last entries are still known for dead.
constexpr uint64_t kEndedEpochs = 4;
// Every so many epochs quiet processes are looked for, in case that the kernel could not tell of their ends: those that
// are quiet since the last time, so many at most, and of the others each in one of so many rounds.
constexpr uint64_t kCheckEpochs = 8;
constexpr int kCheckNew = 256;
constexpr uint64_t kCheckRounds = 64;
// Epochs after which a process that has just ended is quiet.
constexpr uint64_t kQuietEpochs = 3;

// Whether a process that has no folder in `procfs_root` is gone: not if it may live in another PID namespace.
bool ShowsAllProcesses(const std::string& procfs_root) {
  constexpr const char* kInitialNamespace = "pid:[4026531836]";  // PROC_PID_INIT_INO
  return procfs_root != "/proc" || ReadLink("/proc/self/ns/pid").value_or("") == kInitialNamespace;
}

class BpfCpuTimeSource final : public CpuTimeSource {
 public:
  BpfCpuTimeSource(std::unique_ptr<BpfProgram> program, const BpfSourceOptions& options, Nanoseconds begin,
                   const Clock& clock)
      : clock_(clock),
        sysfs_root_(options.sysfs_root),
        procfs_root_(options.procfs_root),
        shows_all_processes_(ShowsAllProcesses(options.procfs_root)),
        program_(std::move(program)),
        bank_(*program_),
        overflow_(program_->overflow_fd()),
        cpus_(program_->cpus()),
        begin_(begin) {}

  std::string name() const override { return "bpf"; }
  Result<Nanoseconds> Cut() override;
  Result<CpuTimeEpoch> Collect() override;
  CpuTimeSourceStats Stats() const override;
  int WakeFd() const override { return program_->events_fd(); }
  bool Service() override;

 private:
  struct CpuState {
    uint64_t idle_ns[2] = {0, 0};  // as last read, by bank
    uint64_t lost_ns[2] = {0, 0};
    uint64_t pending_idle_ns = 0;
    uint64_t pending_lost_ns = 0;
    uint32_t socket = 0;
    bool online = true;
    bool counted = true;  // online at this cut or at the one before: its wall time is part of the capacity
  };

  void NotePunctuality(bool in_time);
  void NoteStart(const ProcessKey& process);
  void NoteOnlineCpus();
  void ReadSlots();
  void ReadSlot(size_t cpu);
  Status ReadOldBank();
  CpuTimeEpoch Assemble();
  void CloseBooks(CpuTimeEpoch& epoch);
  void AddRunning(const cpu_slot& slot, task_key key, uint64_t since);
  void ConsumeEvents();
  void OnProcess(const process_event& event);
  void OnCgroup(const cgroup_event& event);
  void ReportEnds(CpuTimeEpoch& epoch);
  void CleanUp(CpuTimeEpoch& epoch);
  void FindMissedEnds(CpuTimeEpoch& epoch);

  const Clock& clock_;
  const std::string sysfs_root_;
  const std::string procfs_root_;
  const bool shows_all_processes_;
  const std::unique_ptr<BpfProgram> program_;
  BankReader bank_;
  OverflowReader overflow_;
  std::vector<CpuState> cpus_;

  Nanoseconds begin_;          // of the epoch that the next Collect returns
  uint64_t previous_cut_ = 0;  // instant of the cut before the last one; 0 before there was one
  uint64_t cut_ = 0;           // instant of the last cut
  uint32_t old_bank_ = 0;      // stands still since the last cut
  bool uncollected_ = false;   // the old bank has not been read yet
  // Whether the epoch's bounds are what the kernel side went by. Before the first cut each CPU counts from its own
  // first event.
  bool begin_is_exact_ = false;
  bool end_is_exact_ = false;
  Nanoseconds cut_lead_ = kMinCutLead;
  uint32_t cuts_in_time_ = 0;
  uint64_t epoch_ = 0;

  uint64_t inserts_at_read_ = 0;
  uint64_t overflows_ = 0;  // slices that did not fit the process table
  uint64_t dropped_seen_ = 0;
  uint64_t check_all_until_ = 0;  // epoch
  std::vector<ProcessName> names_;
  std::vector<CgroupPath> cgroups_;
  std::vector<std::pair<ProcessKey, uint64_t>> ends_;  // told by the kernel, with the time, and not reported yet
  std::unordered_map<ProcessKey, uint64_t> ended_;     // reported, with the epoch
  std::unordered_map<uint32_t, uint64_t> youngest_;    // by pid: the latest start that was seen
  CpuTimeSourceStats stats_;
};

Result<Nanoseconds> BpfCpuTimeSource::Cut() {
  // A bank that could not be read still stands still: it must be read before it receives again.
  if (uncollected_) {
    if (const auto read = ReadOldBank(); !read) return read.error();
  }
  volatile cut_control& control = program_->control();
  const uint32_t receiving = 1 - new_bank(control.cut);
  const uint64_t instant = (clock_.Now() + cut_lead_).value & ~uint64_t{1};
  __atomic_store_n(&control.cut, instant | receiving, __ATOMIC_SEQ_CST);
  NotePunctuality(clock_.Now().value < instant);
  previous_cut_ = cut_;
  cut_ = instant;
  old_bank_ = 1 - receiving;
  uncollected_ = true;
  clock_.SleepUntil({instant});
  return Nanoseconds{instant};
}

// A handler past the instant of a late cut may have used the old bank: its time then counts for the epoch before.
void BpfCpuTimeSource::NotePunctuality(bool in_time) {
  begin_is_exact_ = std::exchange(end_is_exact_, in_time);
  if (!in_time) {
    ++stats_.late_cuts;
    cut_lead_ = std::min(cut_lead_ * 2, kMaxCutLead);
    cuts_in_time_ = 0;
  } else if (++cuts_in_time_ % kCutsToShrinkLead == 0) {
    cut_lead_ = std::max(cut_lead_ / 2, kMinCutLead);
  }
}

Result<CpuTimeEpoch> BpfCpuTimeSource::Collect() {
  if (uncollected_) {
    if (const auto read = ReadOldBank(); !read) return read.error();
  }
  CpuTimeEpoch epoch = Assemble();
  ConsumeEvents();
  epoch.names = std::exchange(names_, {});
  epoch.cgroups = std::exchange(cgroups_, {});
  ReportEnds(epoch);
  CleanUp(epoch);
  begin_ = epoch.end;
  ++epoch_;
  return epoch;
}

// Steps 3 to 5. The slots are read once; the bank may fail and be read again.
Status BpfCpuTimeSource::ReadOldBank() {
  if (program_->control().settled < cut_) {
    clock_.SleepUntil(Nanoseconds{cut_} + kCutMargin);
    NoteOnlineCpus();
    ReadSlots();
    __atomic_store_n(&program_->control().settled, cut_, __ATOMIC_SEQ_CST);
  }
  auto read = bank_.Read(old_bank_, [this](const task_key& key, const char* comm) {
    NoteStart({key.tgid, key.start_ns});
    if (comm[0] != '\0')
      names_.push_back({{key.tgid, key.start_ns}, std::string(comm, strnlen(comm, COMM_LENGTH)), ""});
  });
  if (!read) return read;
  if (overflows_ != 0) {
    if (auto overflow = overflow_.Read(old_bank_); !overflow) return overflow;
  }
  uncollected_ = false;
  return {};
}

// A process whose pid belongs to a younger one has ended, also if that went unseen.
void BpfCpuTimeSource::NoteStart(const ProcessKey& process) {
  const auto [youngest, added] = youngest_.try_emplace(process.pid, process.start_ns);
  if (added || youngest->second == process.start_ns) return;
  const ProcessKey older = {process.pid, std::min(youngest->second, process.start_ns)};
  youngest->second = std::max(youngest->second, process.start_ns);
  ends_.emplace_back(older, cut_);
}

void BpfCpuTimeSource::NoteOnlineCpus() {
  const auto online = ReadOnlineCpus(sysfs_root_);
  if (!online) {  // then every CPU that has been seen counts
    if (VLOG_IS_ON(1)) {
      LOG_EVERY_T(INFO, 1) << online.error().message;
    }
    return;
  }
  std::vector<bool> now(cpus_.size(), false);
  for (const uint32_t cpu : *online) {
    if (cpu < now.size()) now[cpu] = true;
  }
  for (size_t cpu = 0; cpu < cpus_.size(); ++cpu) {
    cpus_[cpu].counted = now[cpu] || cpus_[cpu].online;
    cpus_[cpu].online = now[cpu];
  }
}

void BpfCpuTimeSource::ReadSlots() {
  inserts_at_read_ = stats_.switches = stats_.repaired_events = overflows_ = 0;
  for (size_t cpu = 0; cpu < cpus_.size(); ++cpu) ReadSlot(cpu);
}

void BpfCpuTimeSource::ReadSlot(size_t cpu) {
  const cpu_slot slot = program_->ReadSlot(cpu);
  CpuState& state = cpus_[cpu];
  state.socket = slot.socket;
  inserts_at_read_ += slot.inserts;
  stats_.switches += slot.seq / 2;
  stats_.repaired_events += slot.repaired + slot.repaired_to_idle;
  overflows_ += slot.overflows;

  state.pending_idle_ns += slot.idle_ns[old_bank_] - std::exchange(state.idle_ns[old_bank_], slot.idle_ns[old_bank_]);
  const uint64_t lost = slot.lost_ns[old_bank_] - std::exchange(state.lost_ns[old_bank_], slot.lost_ns[old_bank_]);
  state.pending_lost_ns += lost;
  stats_.lost += Nanoseconds{lost};

  // The one slice that was running at the cut: still open, or closed since and noted by the handler.
  const bool open = slot.since != 0 && slot.since < cut_;
  if (!open && slot.carry_cut != cut_) return;
  const task_key& key = open ? slot.key : slot.carry_key;
  const uint64_t since = open ? slot.since : slot.carry_since;
  if (key.tgid != 0) {
    AddRunning(slot, key, since);
  } else if (state.counted) {
    state.pending_idle_ns += share_before_cut(since, previous_cut_, cut_);
  }
}

// Adds the part before the cut of a task that was running at it, to each cgroup that it was moved to its own.
void BpfCpuTimeSource::AddRunning(const cpu_slot& slot, task_key key, uint64_t since) {
  NoteStart({key.tgid, key.start_ns});
  uint64_t ns = share_before_cut(since, previous_cut_, cut_);
  const uint32_t older = older_move(&slot);
  for (const uint32_t turn : {older, 1 - older}) {
    const cgroup_move& move = slot.moves[turn];
    if (move.ns <= since || move.ns >= cut_) continue;
    const uint64_t rest = share_before_cut(move.ns, previous_cut_, cut_);
    bank_.Add(key, ns - rest);
    key.cgroup_id = move.cgroup_id;
    ns = rest;
  }
  bank_.Add(key, ns);
}

CpuTimeEpoch BpfCpuTimeSource::Assemble() {
  CpuTimeEpoch epoch;
  epoch.begin = begin_;
  epoch.end = {cut_};
  bank_.TakePending([&](const task_key& key, Nanoseconds time) {
    epoch.tasks.push_back({{key.tgid, key.start_ns}, key.cgroup_id, key.socket, time});
  });
  overflow_.TakePending([&](const overflow_key& key, Nanoseconds time) {
    epoch.unassigned.push_back({key.cgroup_id, key.socket, time});
  });
  CloseBooks(epoch);
  return epoch;
}

// Adds each socket's capacity, idle and unassigned time, and makes them agree with the tasks' time.
void BpfCpuTimeSource::CloseBooks(CpuTimeEpoch& epoch) {
  struct Sums {
    uint64_t capacity = 0, idle = 0, tasks = 0, lost = 0;
  };
  std::map<uint32_t, Sums> sockets;
  const Nanoseconds duration = epoch.end - epoch.begin;
  for (CpuState& cpu : cpus_) {
    const uint64_t idle = std::exchange(cpu.pending_idle_ns, 0);
    const uint64_t lost = std::exchange(cpu.pending_lost_ns, 0);
    if (!cpu.counted && idle == 0 && lost == 0) continue;
    Sums& sums = sockets[cpu.socket];
    sums.idle += idle;
    sums.lost += lost;
    if (cpu.counted) sums.capacity += duration.value;
  }
  for (const TaskTime& task : epoch.tasks) sockets[task.socket].tasks += task.time.value;
  for (const UnassignedTime& time : epoch.unassigned) sockets[time.socket].tasks += time.time.value;
  for (auto& [socket, sums] : sockets) {
    const uint64_t seen = sums.idle + sums.tasks + sums.lost;
    const bool exact = begin_is_exact_ && end_is_exact_;
    if (exact && seen < sums.capacity) {
      stats_.conservation_error += Nanoseconds{sums.capacity - seen};
      sums.lost += sums.capacity - seen;
    } else {
      if (exact) stats_.conservation_error += Nanoseconds{seen - sums.capacity};
      sums.capacity = seen;
    }
    if (sums.lost != 0) epoch.unassigned.push_back({0, socket, {sums.lost}});
    epoch.sockets.push_back({socket, {sums.capacity}, {sums.idle}});
  }
}

void BpfCpuTimeSource::ConsumeEvents() {
  program_->ConsumeEvents({.process = [this](const process_event& event) { OnProcess(event); },
                           .cgroup = [this](const cgroup_event& event) { OnCgroup(event); }});
}

void BpfCpuTimeSource::OnCgroup(const cgroup_event& event) {
  std::string path(event.path, strnlen(event.path, sizeof event.path));
  // Of a path that was cut off the nearest parent is still known.
  if (path.size() + 1 == sizeof event.path) path.resize(path.rfind('/'));
  if (!path.empty()) cgroups_.push_back({event.cgroup_id, std::move(path)});
}

void BpfCpuTimeSource::OnProcess(const process_event& event) {
  const ProcessKey process = {event.tgid, event.start_ns};
  names_.push_back({process, std::string(event.comm, strnlen(event.comm, sizeof event.comm)),
                    std::string(event.path, strnlen(event.path, sizeof event.path))});
  if (event.kind == PROCESS_FREE) ends_.emplace_back(process, event.time_ns);
}

// Those that came after the cut have time in the next epoch, and are for that one to report.
void BpfCpuTimeSource::ReportEnds(CpuTimeEpoch& epoch) {
  std::erase_if(ends_, [&](const auto& end) {
    const auto& [process, time_ns] = end;
    if (time_ns > cut_) return false;
    if (ended_.try_emplace(process, epoch_).second) epoch.ended.push_back(process);
    return true;
  });
}

void BpfCpuTimeSource::CleanUp(CpuTimeEpoch& epoch) {
  FindMissedEnds(epoch);
  stats_.map_entries = bank_.entries();
  std::erase_if(ended_, [this](const auto& end) {
    const auto deleted = bank_.Delete(end.first);
    if (!deleted && VLOG_IS_ON(1)) {  // it stays, and is tried again in the next epoch
      LOG_EVERY_T(INFO, 1) << deleted.error().message;
    }
    const bool forgotten = deleted && *deleted && end.second + kEndedEpochs < epoch_;
    const auto youngest = forgotten ? youngest_.find(end.first.pid) : youngest_.end();
    if (youngest != youngest_.end() && youngest->second == end.first.start_ns) youngest_.erase(youngest);
    return forgotten;
  });
}

// Looks which of the quiet processes are gone: all of them after the kernel had no room to tell of some ends, else some
// now and then, because an end can also go unseen (a kernel that keeps programs from running in some contexts).
void BpfCpuTimeSource::FindMissedEnds(CpuTimeEpoch& epoch) {
  const uint64_t dropped = program_->dropped_events();
  if (std::exchange(dropped_seen_, dropped) != dropped) check_all_until_ = epoch_ + kQuietEpochs;
  const bool all = epoch_ < check_all_until_;
  if (!shows_all_processes_ || (!all && epoch_ % kCheckEpochs != 0)) return;
  const uint64_t round = epoch_ / kCheckEpochs % kCheckRounds;
  int may_check = kCheckNew;
  bank_.ForEachQuietProcess([&](const ProcessKey& process, uint64_t quiet_reads) {
    const bool newly_quiet = quiet_reads <= kCheckEpochs + kQuietEpochs && may_check-- > 0;
    if (!all && !newly_quiet && process.pid % kCheckRounds != round) return;
    struct stat folder;
    const std::string path = procfs_root_ + "/" + std::to_string(process.pid);
    if (stat(path.c_str(), &folder) == 0 || errno != ENOENT) return;
    if (ended_.try_emplace(process, epoch_).second) epoch.ended.push_back(process);
  });
}

CpuTimeSourceStats BpfCpuTimeSource::Stats() const {
  CpuTimeSourceStats stats = stats_;
  stats.map_capacity = program_->procs_capacity();
  stats.overflow_entries = overflow_.entries();
  stats.overflow_capacity = program_->overflow_capacity();
  stats.dropped_events = program_->dropped_events();
  stats.programs = program_->ProgramStats();
  return stats;
}

bool BpfCpuTimeSource::Service() {
  ConsumeEvents();
  // Entries live for two more epochs after their process: cut early enough for three epochs' worth to fit.
  return program_->Inserts() - inserts_at_read_ > program_->procs_capacity() / 4;
}

}  // namespace

Result<std::unique_ptr<CpuTimeSource>> MakeBpfCpuTimeSource(const BpfSourceOptions& options, const Clock& clock) {
  const Nanoseconds begin = clock.Now();
  auto program = BpfProgram::Load(options.program);
  if (!program) return program.error();
  return std::unique_ptr<CpuTimeSource>(new BpfCpuTimeSource(*std::move(program), options, begin, clock));
}

}  // namespace brahe
