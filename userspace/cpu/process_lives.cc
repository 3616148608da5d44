#include "userspace/cpu/process_lives.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/process_stat.h"
#include "userspace/base/units.h"

namespace brahe::cpu {
namespace {

// Past so many times full_bytes names and cgroups are dropped.
constexpr size_t kRoom = 4;
// Epochs for which a process that has ended and has no records any more is remembered: its end may be told in another
// way, or a last record appear.
constexpr uint64_t kEndedEpochs = 4;
// Every so many epochs quiet processes are looked for, in case that the kernel could not tell of their ends: those that
// are quiet since the last time, so many at most where the kernel tells of ends at all, and of the others each in one
// of so many rounds, or of more where there are so many that a round would be more than so many.
constexpr uint64_t kCheckEpochs = 8;
constexpr int kCheckNew = 64;
constexpr uint64_t kCheckOld = 64;
constexpr uint64_t kCheckRounds = 64;
// Epochs after which a process that has just ended is quiet.
constexpr uint64_t kQuietEpochs = 3;

// What `text` has allocated.
size_t HeapBytes(const std::string& text) {
  return text.capacity() > std::string().capacity() ? text.capacity() + 1 : 0;
}

template <size_t kSize>
std::string_view TextOf(const char (&field)[kSize]) {
  return {field, strnlen(field, kSize)};
}

}  // namespace

ProcessLives::ProcessLives(Options options)
    : options_(std::move(options)), ns_per_tick_(Seconds(1).value / static_cast<uint64_t>(sysconf(_SC_CLK_TCK))) {
  ShowsAll();
}

void ProcessLives::Resume(const LivesState& state, const std::vector<ProcessKey>& ended) {
  for (const LivesState::Name& from : state.names) {
    Name& name = names_[from.process];
    name.time_ns = from.time_ns;
    from.comm.copy(name.comm, sizeof name.comm - 1);
    name.uid = from.uid;
    name.exec_path = from.exec_path;
    text_bytes_ += HeapBytes(name.exec_path);
  }
  for (const LivesState::End& end : state.ends) ends_.push_back({end.time_ns, end.process});
  for (const LivesState::GoneCgroup& gone : state.gone_cgroups) {
    removed_cgroups_.push_back({gone.time_ns, gone.cgroup_id});
  }
  for (const ProcessKey& process : ended) ended_[process] = {.epoch = epoch_, .forgotten = true};
  dropped_ = state.dropped;
  check_all_until_ = epoch_ + kQuietEpochs + 1;
}

LivesState ProcessLives::State() const {
  LivesState state;
  for (const auto& [process, name] : names_) {
    state.names.push_back({process, name.time_ns, std::string(TextOf(name.comm)), name.exec_path, name.uid});
  }
  for (const End& end : ends_) state.ends.push_back({end.process, end.time_ns});
  for (const GoneCgroup& gone : removed_cgroups_) state.gone_cgroups.push_back({gone.cgroup_id, gone.time_ns});
  for (const uint64_t cgroup_id : gone_cgroups_) state.gone_cgroups.push_back({cgroup_id, 0});
  state.dropped = dropped_;
  return state;
}

void ProcessLives::OnProcess(const process_event& event) {
  const ProcessKey process = {event.tgid, event.start_ns};
  if (event.kind == PROCESS_FREE) ends_.push_back({event.time_ns, process});
  Name* const name = NameOf(process);
  if (name == nullptr) return;
  name->time_ns = event.time_ns;
  memcpy(name->comm, event.comm, sizeof name->comm);
  name->uid = event.uid;
  if (event.kind == PROCESS_FREE) return;  // what it had executed stays
  text_bytes_ -= HeapBytes(name->exec_path);
  name->exec_path = TextOf(event.path);
  text_bytes_ += HeapBytes(name->exec_path);
}

void ProcessLives::OnCgroup(const cgroup_event& event) {
  if (event.kind != CGROUP_MADE) {
    removed_cgroups_.push_back({event.time_ns, event.cgroup_id});
    return;
  }
  std::string_view path = TextOf(event.path);
  // Of a path that was cut off the nearest parent is still known.
  if (path.size() + 1 == sizeof event.path) path = path.substr(0, path.rfind('/'));
  if (path.empty()) return;
  if (!HasRoom()) {
    ++dropped_;
    return;
  }
  cgroups_.push_back({event.cgroup_id, std::string(path)});
  text_bytes_ += HeapBytes(cgroups_.back().path);
}

void ProcessLives::OnRecord(const ProcessKey& process, std::string_view comm, uint32_t uid) {
  if (comm.empty() && uid == NO_UID) return;
  Name* const name = NameOf(process);
  if (name == nullptr || name->time_ns != 0) return;
  if (uid != NO_UID) name->uid = uid;
  if (comm.empty()) return;
  memset(name->comm, 0, sizeof name->comm);
  memcpy(name->comm, comm.data(), std::min(comm.size(), sizeof name->comm - 1));
}

// Null where there is no room for another one.
ProcessLives::Name* ProcessLives::NameOf(const ProcessKey& process) {
  const auto known = names_.find(process);
  if (known != names_.end()) return &known->second;
  if (HasRoom()) return &names_[process];
  ++dropped_;
  return nullptr;
}

// A process whose pid belongs to a younger one has ended, also if that went unseen.
void ProcessLives::OnReuse(const ProcessKey& older, uint64_t cut) {
  if (!HasEnded(older)) ends_.push_back({cut, older});
}

size_t ProcessLives::bytes() const {
  // The links of the table and what malloc adds come to about 32 bytes.
  constexpr size_t kNameBytes = sizeof(decltype(names_)::value_type) + 32;
  return names_.size() * kNameBytes + text_bytes_ + cgroups_.capacity() * sizeof cgroups_[0] +
         ends_.capacity() * sizeof ends_[0] + removed_cgroups_.capacity() * sizeof removed_cgroups_[0];
}

bool ProcessLives::HasRoom() const { return bytes() < kRoom * options_.full_bytes; }

void ProcessLives::Report(uint64_t cut, CpuTimeEpoch& epoch) {
  for (CgroupPath& cgroup : std::exchange(cgroups_, {})) epoch.cgroups.push_back(std::move(cgroup));
  ReportNames(cut, epoch);
  ReportEnds(cut, epoch);
  ReportGoneCgroups(cut);
  DropForgotten();
  ++epoch_;
}

// Those that came after the cut are told now and once more in the next epoch: a record that is read then may still have
// an older name.
void ProcessLives::ReportNames(uint64_t cut, CpuTimeEpoch& epoch) {
  epoch.names.reserve(epoch.names.size() + names_.size());
  text_bytes_ = 0;
  std::erase_if(names_, [&](auto& entry) {
    auto& [process, name] = entry;
    const bool stays = name.time_ns > cut;
    epoch.names.push_back({.process = process,
                           .comm = std::string(TextOf(name.comm)),
                           .exec_path = stays ? name.exec_path : std::move(name.exec_path),
                           .uid = name.uid != NO_UID ? std::optional(name.uid) : std::nullopt});
    if (stays) text_bytes_ += HeapBytes(name.exec_path);
    return !stays;
  });
}

// Those that came after the cut have time in the next epoch, and are for that one to report.
void ProcessLives::ReportEnds(uint64_t cut, CpuTimeEpoch& epoch) {
  std::erase_if(ends_, [&](const End& end) {
    if (end.time_ns > cut) return false;
    if (ended_.try_emplace(end.process, Ended{.epoch = epoch_}).second) epoch.ended.push_back(end.process);
    return true;
  });
  ends_.shrink_to_fit();
}

void ProcessLives::ReportGoneCgroups(uint64_t cut) {
  std::erase_if(removed_cgroups_, [&](const GoneCgroup& cgroup) {
    if (cgroup.time_ns > cut) return false;
    gone_cgroups_.push_back(cgroup.cgroup_id);
    return true;
  });
  removed_cgroups_.shrink_to_fit();
}

std::vector<uint64_t> ProcessLives::TakeGoneCgroups() { return std::exchange(gone_cgroups_, {}); }

void ProcessLives::Forget(const ProcessKey& process) {
  const auto ended = ended_.find(process);
  if (ended != ended_.end()) ended->second.forgotten = true;
}

void ProcessLives::DropForgotten() {
  std::erase_if(
      ended_, [&](const auto& entry) { return entry.second.forgotten && entry.second.epoch + kEndedEpochs < epoch_; });
}

// All of them after the kernel had no room to tell of some ends, else some now and then, because an end can also go
// unseen (a kernel that keeps programs from running in some contexts).
void ProcessLives::FindMissedEnds(uint64_t dropped_events, const ForEachQuiet& for_each_quiet) {
  if (std::exchange(dropped_events_seen_, dropped_events) != dropped_events) check_all_until_ = epoch_ + kQuietEpochs;
  const bool all = epoch_ < check_all_until_;
  if ((!all && epoch_ % kCheckEpochs != 0) || !ShowsAll()) return;
  const uint64_t rounds = std::max(kCheckRounds, std::exchange(quiet_, 0) / kCheckOld);
  const uint64_t round = epoch_ / kCheckEpochs % rounds;
  const bool compare_starts = !all && CanCompareStarts();  // takes ten times as long, so not for all
  int may_check = kCheckNew;
  std::vector<ProcessKey> gone;
  for_each_quiet([&](const ProcessKey& process, uint64_t quiet_reads) {
    ++quiet_;
    const bool newly_quiet = quiet_reads <= kCheckEpochs + kQuietEpochs;
    const bool in_round = all || process.pid % rounds == round;
    if ((!newly_quiet && !in_round) || HasEnded(process)) return;
    if (!in_round && options_.kernel_tells_ends && may_check-- <= 0) return;
    if (IsGone(process, compare_starts)) gone.push_back(process);
  });
  if (gone.empty() || !ShowsAll()) return;  // PROCFS may have been mounted anew, or not at all any more
  for (const ProcessKey& process : gone) ends_.push_back({.process = process});
}

bool ProcessLives::ShowsAll() {
  const Status shown = options_.shows_all_processes(options_.procfs_root);
  if (shown) {
    faults_.Clear("view", options_.procfs_root + " is proven to show every process now");
  } else {
    faults_.Report("view",
                   "A process whose end the kernel has no room to tell of is listed as running until its pid is "
                   "used again: " +
                       shown.error().message);
  }
  return shown.has_value();
}

bool ProcessLives::IsGone(const ProcessKey& process, bool compare_starts) const {
  const std::string folder = options_.procfs_root + "/" + std::to_string(process.pid);
  struct stat info;
  // Twice: what has ended once does not live again.
  if (stat(folder.c_str(), &info) != 0) return errno == ENOENT && stat(folder.c_str(), &info) != 0 && errno == ENOENT;
  if (!compare_starts) return false;
  const auto text = ReadFile(folder + "/stat");
  ProcessStat found;
  return text && ParseProcessStat(*text, found) && found.start_ticks > process.start_ns / ns_per_tick_;
}

// In a time namespace PROCFS/PID/stat is shifted by the reader's offset. Without the file the kernel has none.
bool ProcessLives::CanCompareStarts() const {
  constexpr const char* kInitialNamespace = "time:[4026531834]";  // PROC_TIME_INIT_INO
  const auto own = ReadLink(options_.procfs_root + "/self/ns/time");
  return own ? *own == kInitialNamespace : own.error().code == ENOENT;
}

}  // namespace brahe::cpu
