#include "userspace/cpu/bpf_cpu_time_source.h"

#include <malloc.h>

#include <algorithm>
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

  std::string name() const override { return "bpf"; }
  Result<Nanoseconds> Cut() override;
  Result<CpuTimeEpoch> Collect() override;
  CpuTimeSourceStats Stats() const override;
  int WakeFd() const override { return program_->events_fd(); }
  bool Service() override;

 private:
  Status ReadOldBank();
  void NoteReuse(const ProcessKey& process);
  void RenewUsers(const CpuTimeEpoch& epoch);
  CpuTimeEpoch Assemble();
  void ConsumeEvents();
  void Recycle(const CpuTimeEpoch& epoch);

  const std::unique_ptr<BpfProgram> program_;
  CutProtocol cuts_;
  RecordTable table_;
  ProcessLives lives_;
  SocketBooks books_;
  Nanoseconds begin_;  // of the epoch that the next Collect returns
  FaultLog faults_;
  bool bank_unread_ = false;
  bool large_epoch_ = false;
  Nanoseconds lost_, conservation_error_;
};

Result<Nanoseconds> BpfCpuTimeSource::Cut() {
  // The last epoch's names and tasks, which may have been many, are free by now: pieces of the heap between what stays.
  if (std::exchange(large_epoch_, false)) malloc_trim(0);
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
  Recycle(epoch);
  begin_ = epoch.end;
  large_epoch_ = epoch.names.size() + epoch.tasks.size() > kLargeEpoch;
  return epoch;
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
  conservation_error_ += books_.Close(cuts_.is_exact(), epoch);
  return epoch;
}

void BpfCpuTimeSource::ConsumeEvents() {
  program_->ConsumeEvents({.process = [this](const process_event& event) { lives_.OnProcess(event); },
                           .cgroup = [this](const cgroup_event& event) { lives_.OnCgroup(event); }});
}

void BpfCpuTimeSource::Recycle(const CpuTimeEpoch& epoch) {
  for (const ProcessKey& process : epoch.ended) {
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
  lives_.FindMissedEnds(program_->dropped_events(),
                        [this](const ProcessLives::VisitQuiet& visit) { table_.ForEachQuietProcess(visit); });
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

}  // namespace

Result<std::unique_ptr<CpuTimeSource>> MakeBpfCpuTimeSource(const BpfSourceOptions& options, const Clock& clock) {
  const Nanoseconds begin = clock.Now();
  auto program = BpfProgram::Load(options.program);
  if (!program) return program.error();
  return std::unique_ptr<CpuTimeSource>(new BpfCpuTimeSource(*std::move(program), options, begin, clock));
}

}  // namespace brahe::cpu
