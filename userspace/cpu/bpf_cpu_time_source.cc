#include "userspace/cpu/bpf_cpu_time_source.h"

#include <glog/logging.h>
#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "userspace/base/fault_log.h"
#include "userspace/cpu/cut_protocol.h"
#include "userspace/cpu/process_lives.h"
#include "userspace/cpu/record_table.h"
#include "userspace/cpu/socket_books.h"

namespace brahe::cpu {
namespace {

// Names and tasks of an epoch that is worth giving memory back after.
constexpr size_t kLargeEpoch = 1024;

bool TellsEnds(const std::vector<KernelFeature>& features) {
  return std::ranges::any_of(features,
                             [](const KernelFeature& feature) { return feature.name == "free" && feature.on; });
}

// The parts of the source have no say in each other; this is who calls them, and when.
class BpfCpuTimeSource final : public CpuTimeSource {
 public:
  BpfCpuTimeSource(std::unique_ptr<BpfProgram> program, const BpfSourceOptions& options, Nanoseconds begin,
                   const Clock& clock)
      : program_(std::move(program)),
        cuts_(program_->cut_memory(), clock, options.cut_lead),
        table_(*program_),
        lives_({.procfs_root = options.procfs_root, .kernel_tells_ends = TellsEnds(program_->features())}),
        books_(options.program.topology.socket_of_cpu, options.sysfs_root),
        begin_(begin) {}

  // Goes on from where another process was. Error: why that is not possible, in one clause.
  Status Resume(const SourceState& state);

  std::string name() const override { return "bpf"; }
  Result<Nanoseconds> Cut() override;
  Result<CpuTimeEpoch> Collect() override;
  void Acknowledge() override;
  std::optional<SourceState> State() const override;
  bool resumed() const override { return resumed_; }
  CpuTimeSourceStats Stats() const override;
  int WakeFd() const override { return program_->events_fd(); }
  bool Service() override;

 private:
  Status ReadOldBank();
  void NoteReuse(const ProcessKey& process);
  void RenewUsers(const CpuTimeEpoch& epoch);
  CpuTimeEpoch Assemble();
  void ConsumeEvents();
  void Recycle();

  const std::unique_ptr<BpfProgram> program_;
  CutProtocol cuts_;
  RecordTable table_;
  ProcessLives lives_;
  SocketBooks books_;
  Nanoseconds begin_;  // of the epoch that the next Collect returns
  bool begin_in_time_ = false;
  std::vector<ProcessKey> ended_;  // told, and not acknowledged yet
  FaultLog faults_;
  bool bank_unread_ = false;
  bool resumed_ = false;
  bool is_cut_ = false;  // by the process before, which has not read it
  bool large_epoch_ = false;
  Nanoseconds lost_, conservation_error_;
};

Status BpfCpuTimeSource::Resume(const SourceState& state) {
  if (auto resumed = cuts_.Resume(state.cuts); !resumed) return resumed;
  is_cut_ = bank_unread_ = cuts_.has_unread_slots();
  if (auto resumed = table_.Resume(state.records, cuts_.old_bank(), is_cut_); !resumed) return resumed;
  lives_.Resume(state.lives, state.records.retired);
  books_.SetOfflineCpus(state.offline_cpus);
  lost_ = state.lost;
  conservation_error_ = state.conservation_error;
  begin_ = {cut_instant(state.cuts.cut)};
  begin_in_time_ = state.cuts.in_time;
  resumed_ = true;
  return {};
}

std::optional<SourceState> BpfCpuTimeSource::State() const {
  if (!program_->outlives()) return std::nullopt;
  SourceState state;
  state.records_id = program_->records_id();
  state.program_hash = BpfProgram::CodeHash();
  for (const KernelFeature& feature : program_->features()) {
    if (!feature.on) state.features_off.push_back(feature.name);
  }
  state.cuts = cuts_.State();
  state.records = table_.State();
  state.records.retired.insert(state.records.retired.end(), ended_.begin(), ended_.end());
  state.lives = lives_.State();
  state.offline_cpus = books_.OfflineCpus();
  state.lost = lost_;
  state.conservation_error = conservation_error_;
  return state;
}

Result<Nanoseconds> BpfCpuTimeSource::Cut() {
  // The last epoch's names and tasks, which may have been many, are free by now: pieces of the heap between what stays.
  if (std::exchange(large_epoch_, false)) malloc_trim(0);
  // What that one closes must be kept first: whoever goes on from there can be one cut behind, and no more.
  if (std::exchange(is_cut_, false)) return Nanoseconds{cuts_.instant()};
  // A bank that could not be read still stands still: it must be read before it receives again.
  if (auto read = ReadOldBank(); !read) return read.error();
  cuts_.Cut();
  bank_unread_ = true;
  return Nanoseconds{cuts_.instant()};
}

Result<CpuTimeEpoch> BpfCpuTimeSource::Collect() {
  if (auto read = ReadOldBank(); !read) return read.error();
  CpuTimeEpoch epoch = Assemble();
  ConsumeEvents();
  lives_.Report(cuts_.instant(), epoch);
  RenewUsers(epoch);
  ended_.insert(ended_.end(), epoch.ended.begin(), epoch.ended.end());
  begin_ = epoch.end;
  large_epoch_ = epoch.names.size() + epoch.tasks.size() > kLargeEpoch;
  return epoch;
}

void BpfCpuTimeSource::Acknowledge() {
  if (const auto noted = table_.Acknowledge(cuts_.old_bank()); !noted) {
    faults_.Report("acknowledge", "What has been read cannot be noted as read, which is tried in each epoch: " +
                                      noted.error().message);
    return;  // what is to be used again may not have been
  }
  faults_.Clear("acknowledge", "What has been read is noted as read again");
  Recycle();
  lives_.FindMissedEnds(program_->dropped_events(),
                        [this](const ProcessLives::VisitQuiet& visit) { table_.ForEachQuietProcess(visit); });
}

// The slots are read once; the bank may fail and be read again.
Status BpfCpuTimeSource::ReadOldBank() {
  if (cuts_.has_unread_slots()) {
    books_.NoteOnlineCpus();
    cuts_.ReadSlots({.closed_idle = [this](size_t cpu, uint64_t ns) { books_.AddIdle(cpu, ns); },
                     .open_idle = [this](size_t cpu, uint64_t ns) { books_.AddOpenIdle(cpu, ns); },
                     .lost =
                         [this](size_t cpu, uint64_t ns) {
                           books_.AddLost(cpu, ns);
                           lost_ += Nanoseconds{ns};
                         },
                     .running =
                         [this](const task_key& key, uint64_t ns) {
                           NoteReuse({key.tgid, key.start_ns});
                           table_.Add(key, ns);
                         }});
  }
  if (!bank_unread_) return {};
  auto read = table_.Read(cuts_.old_bank(), [this](const task_key& key, std::string_view comm, uint32_t uid) {
    const ProcessKey process = {key.tgid, key.start_ns};
    NoteReuse(process);
    lives_.OnRecord(process, comm, uid);
  });
  bank_unread_ = !read;
  return read;
}

// A process whose pid belongs to a younger one has ended, also if that went unseen.
void BpfCpuTimeSource::NoteReuse(const ProcessKey& process) {
  if (const auto other = table_.OtherOfItsPid(process)) lives_.OnReuse(std::min(process, *other), cuts_.instant());
}

// An event and a record may have told of different users, and which of them was first is not known.
void BpfCpuTimeSource::RenewUsers(const CpuTimeEpoch& epoch) {
  for (const ProcessName& name : epoch.names) {
    if (!name.comm.empty()) table_.TellUserAgain(name.process);
  }
}

CpuTimeEpoch BpfCpuTimeSource::Assemble() {
  CpuTimeEpoch epoch;
  epoch.begin = begin_;
  epoch.end = {cuts_.instant()};
  table_.TakePending([&](const task_key& key, Nanoseconds time) {
    if (key.tgid == OVERFLOW_TGID) {
      epoch.unassigned.push_back({key.cgroup_id, key.socket, time});
    } else {
      epoch.tasks.push_back({{key.tgid, key.start_ns}, key.cgroup_id, key.socket, time});
    }
  });
  conservation_error_ += books_.Close(begin_in_time_ && cuts_.in_time(), epoch);
  begin_in_time_ = cuts_.in_time();
  return epoch;
}

void BpfCpuTimeSource::ConsumeEvents() {
  program_->ConsumeEvents({.process = [this](const process_event& event) { lives_.OnProcess(event); },
                           .cgroup = [this](const cgroup_event& event) { lives_.OnCgroup(event); }});
}

void BpfCpuTimeSource::Recycle() {
  for (const ProcessKey& process : std::exchange(ended_, {})) {
    table_.Retire(process);
    lives_.Forget(process);
  }
  for (const uint64_t cgroup_id : lives_.TakeGoneCgroups()) table_.RetireCgroup(cgroup_id);
  if (auto recycled = table_.Recycle(); recycled) {
    faults_.Clear("recycle", "Records of ended processes are used again");
  } else {
    faults_.Report("recycle",
                   "Records of ended processes cannot be used again, which is tried in each epoch; once none is left, "
                   "time is known by cgroup only: " +
                       recycled.error().message);
  }
}

CpuTimeSourceStats BpfCpuTimeSource::Stats() const {
  CpuTimeSourceStats stats;
  stats.map_entries = table_.entries();
  stats.map_capacity = program_->capacity();
  stats.overflow_entries = table_.overflow_entries();
  stats.overflow_capacity = program_->overflow_records();
  stats.switches = cuts_.totals().switches;
  stats.repaired_events = cuts_.totals().repaired;
  stats.dropped_events = program_->dropped_events() + lives_.dropped();
  stats.lost = lost_;
  stats.conservation_error = conservation_error_;
  stats.late_cuts = cuts_.late_cuts();
  stats.features = program_->features();
  stats.programs = program_->ProgramStats();
  return stats;
}

bool BpfCpuTimeSource::Service() {
  ConsumeEvents();
  // Records rest for two more epochs after their process: cut early enough for three epochs' worth to fit.
  return lives_.IsFull() || cuts_.forgets_moves_soon() ||
         program_->Births() - cuts_.totals().births > program_->capacity() / 4;
}

Result<std::unique_ptr<CpuTimeSource>> Adopt(const BpfSourceOptions& options, const Clock& clock) {
  auto program = BpfProgram::Adopt(options.program);
  if (!program) return program.error();
  const SourceState& state = *(*program)->resumed_from();
  auto source = std::make_unique<BpfCpuTimeSource>(*std::move(program), options, clock.Now(), clock);
  if (const auto resumed = source->Resume(state); !resumed) return resumed.error();
  return std::unique_ptr<CpuTimeSource>(std::move(source));
}

}  // namespace

Result<std::unique_ptr<CpuTimeSource>> MakeBpfCpuTimeSource(const BpfSourceOptions& options, const Clock& clock) {
  if (options.program.outlives && options.program.resume) {
    auto adopted = Adopt(options, clock);
    if (adopted || adopted.error().code == EWOULDBLOCK) return adopted;
    LOG_IF(WARNING, adopted.error().code != ENODATA)
        << "CPU time is counted anew, and what was used while Brahe was away is not known: what is in the "
           "kernel cannot be gone on with: "
        << adopted.error().message;
  }
  const Nanoseconds begin = clock.Now();
  auto program = BpfProgram::Load(options.program);
  if (!program) return program.error();
  return std::unique_ptr<CpuTimeSource>(new BpfCpuTimeSource(*std::move(program), options, begin, clock));
}

}  // namespace brahe::cpu
