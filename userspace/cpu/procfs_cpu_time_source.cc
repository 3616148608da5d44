#include "userspace/cpu/procfs_cpu_time_source.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "userspace/cpu/cgroup_ids.h"
#include "userspace/cpu/procfs_scanner.h"
#include "userspace/cpu/socket_books.h"

namespace brahe::cpu {
namespace {

// More than this within one epoch (174 years of CPU time) is a garbled reading.
constexpr uint64_t kPlausibleTicks = uint64_t{1} << 39;

class ProcfsCpuTimeSource final : public CpuTimeSource {
 public:
  ProcfsCpuTimeSource(ProcfsScanner scanner, ProcfsSourceOptions options, uint64_t ticks_per_second, const Clock& clock)
      : scanner_(std::move(scanner)),
        topology_(std::move(options.topology)),
        clock_(clock),
        ns_per_tick_(Seconds(1).value / ticks_per_second) {
    if (options.hierarchy) cgroups_.emplace(*std::move(options.hierarchy));
  }

  // Notes where everything stands; nothing before this is counted.
  Status Start();

  std::string name() const override { return "procfs"; }
  Result<Nanoseconds> Cut() override;
  Result<CpuTimeEpoch> Collect() override;
  CpuTimeSourceStats Stats() const override { return {}; }

 private:
  struct Process {
    uint64_t start_ticks = 0;
    uint64_t cpu_ticks = 0;  // the most that was ever read
    uint64_t listing = 0;    // the last one that it was in
    uint64_t cgroup_id = 0;
    std::string comm;  // as reported; empty: not yet
    std::optional<uint32_t> owner;
  };

  ProcessKey KeyOf(uint32_t pid, const Process& process) const { return {pid, process.start_ticks * ns_per_tick_}; }
  Status CheckListing();
  void CollectProcess(const ProcessReading& reading, CpuTimeEpoch& epoch);
  void Charge(const ProcessReading& reading, Process& process, uint64_t ticks, CpuTimeEpoch& epoch);
  void FindUser(const ProcessReading& reading, Process& process, CpuTimeEpoch& epoch);
  void FindCgroup(const ProcessReading& reading, Process& process, CpuTimeEpoch& epoch);
  bool IsThere(uint32_t pid, const Process& process);
  void CollectEnded(CpuTimeEpoch& epoch);
  void CloseBooks(CpuTimeEpoch& epoch) const;
  uint64_t IdleOf(const CpuIdle& before, const CpuIdle& now, Nanoseconds duration) const;

  ProcfsScanner scanner_;
  const CpuTopology topology_;
  const Clock& clock_;
  const uint64_t ns_per_tick_;
  std::optional<CgroupIds> cgroups_;

  // What was collected last, and the look that is to be collected next.
  Nanoseconds begin_;
  uint64_t last_uptime_ticks_ = 0;
  std::vector<CpuIdle> last_cpus_;
  std::unordered_map<uint32_t, Process> processes_;  // by pid
  Nanoseconds cut_;
  ProcfsScan scan_;
  bool uncollected_ = false;
  bool left_out_ = false;  // a process that is there, from the last listing
  uint64_t listing_ = 0;
};

Status ProcfsCpuTimeSource::Start() {
  begin_ = clock_.Now();
  if (Status scanned = scanner_.Scan(scan_); !scanned) return scanned;
  last_uptime_ticks_ = scan_.uptime_ticks;
  last_cpus_ = scan_.cpus;
  for (const ProcessReading& reading : scan_.processes) {
    if (!reading.readable) continue;
    Process& process = processes_[reading.pid];
    process.start_ticks = reading.stat.start_ticks;
    process.cpu_ticks = reading.stat.cpu_ticks();
  }
  return {};
}

Result<Nanoseconds> ProcfsCpuTimeSource::Cut() {
  uncollected_ = false;
  cut_ = clock_.Now();
  ++listing_;
  if (const Status scanned = scanner_.Scan(scan_); !scanned) return scanned.error();
  if (const Status listed = CheckListing(); !listed) return listed.error();
  uncollected_ = true;
  return cut_;
}

Result<CpuTimeEpoch> ProcfsCpuTimeSource::Collect() {
  if (!uncollected_) return MakeError("no cut of the CPU time to collect");
  uncollected_ = false;
  CpuTimeEpoch epoch;
  epoch.begin = begin_;
  epoch.end = cut_;
  for (const ProcessReading& reading : scan_.processes) CollectProcess(reading, epoch);
  CollectEnded(epoch);
  CloseBooks(epoch);

  begin_ = cut_;
  last_uptime_ticks_ = scan_.uptime_ticks;
  std::swap(last_cpus_, scan_.cpus);
  if (cgroups_) cgroups_->EndEpoch();
  return epoch;
}

// What a listing that ends early leaves out has not ended, and whoever was born meanwhile would not be known as newborn
// in the next one. One that is so twice is as it is, with those in it that it left out.
Status ProcfsCpuTimeSource::CheckListing() {
  for (const ProcessReading& reading : scan_.processes) {
    const auto known = processes_.find(reading.pid);
    if (known != processes_.end()) known->second.listing = listing_;
  }
  bool left_out = false;
  for (auto& [pid, process] : processes_) {
    if (process.listing == listing_ || !IsThere(pid, process)) continue;
    process.listing = listing_;
    left_out = true;
  }
  if (std::exchange(left_out_, left_out) || !left_out) return {};
  return MakeError("list " + scanner_.root() + ": processes are missing in it");
}

void ProcfsCpuTimeSource::CollectProcess(const ProcessReading& reading, CpuTimeEpoch& epoch) {
  auto known = processes_.find(reading.pid);
  if (!reading.readable) return;  // who it is now is not known: if it is another one, that will be seen in time
  const ProcessStat& stat = reading.stat;
  if (known != processes_.end() && known->second.start_ticks != stat.start_ticks) {
    epoch.ended.push_back(KeyOf(reading.pid, known->second));
    processes_.erase(known);
    known = processes_.end();
  }
  if (known == processes_.end()) {
    // Start and uptime are rounded to ticks, hence the tick of slack.
    const bool newborn = stat.start_ticks + 1 >= last_uptime_ticks_;
    known = processes_.try_emplace(reading.pid).first;
    known->second.start_ticks = stat.start_ticks;
    known->second.cpu_ticks = newborn ? 0 : stat.cpu_ticks();
  }
  Process& process = known->second;
  process.listing = listing_;
  if (stat.cpu_ticks() <= process.cpu_ticks) return;  // the kernel's sums may fall by a tick
  const uint64_t ticks = stat.cpu_ticks() - process.cpu_ticks;
  if (ticks > kPlausibleTicks) return;
  process.cpu_ticks = stat.cpu_ticks();
  Charge(reading, process, ticks, epoch);
}

void ProcfsCpuTimeSource::Charge(const ProcessReading& reading, Process& process, uint64_t ticks, CpuTimeEpoch& epoch) {
  const ProcessKey key = KeyOf(reading.pid, process);
  if (process.comm != reading.stat.comm) {
    process.comm = reading.stat.comm;
    epoch.names.push_back({key, process.comm, ""});
  }
  FindUser(reading, process, epoch);
  FindCgroup(reading, process, epoch);
  epoch.tasks.push_back({key, process.cgroup_id, topology_.SocketOf(reading.stat.cpu), {ticks * ns_per_tick_}});
}

// Who is asked about a new process learns its user. Later on it is told when it may have changed: to see that the owner
// of its folder is another one takes less than half of what it takes to read its user.
void ProcfsCpuTimeSource::FindUser(const ProcessReading& reading, Process& process, CpuTimeEpoch& epoch) {
  const std::optional<uint32_t> owner = scanner_.OwnerOf(reading.pid);
  if (!owner) return;
  const bool changed = process.owner && process.owner != owner;
  process.owner = owner;
  if (!changed) return;
  const auto uid = ParseRealUid(scanner_.ReadOf(reading.pid, "status"));
  if (uid) epoch.names.push_back({.process = KeyOf(reading.pid, process), .comm = "", .exec_path = "", .uid = uid});
}

// A process that used time may have moved. One that cannot be asked any more stays where it was.
void ProcfsCpuTimeSource::FindCgroup(const ProcessReading& reading, Process& process, CpuTimeEpoch& epoch) {
  if (!cgroups_) return;
  // Of a zombie, v1 says that it is in the root (proc_cgroup_show in kernel/cgroup/cgroup.c).
  if (!cgroups_->hierarchy().v2 && (reading.stat.state == 'Z' || reading.stat.state == 'X')) return;
  const auto read = [&] { return PathInHierarchy(scanner_.ReadOf(reading.pid, "cgroup"), cgroups_->hierarchy()); };
  // Twice at most: it may not use time again, and what it used would stay where it was not.
  auto path = read();
  if (!path) path = read();
  if (path) process.cgroup_id = cgroups_->Find(*path, epoch.cgroups);
}

bool ProcfsCpuTimeSource::IsThere(uint32_t pid, const Process& process) {
  ProcessStat stat;
  return scanner_.ReadStat(pid, stat) && stat.start_ticks == process.start_ticks;
}

void ProcfsCpuTimeSource::CollectEnded(CpuTimeEpoch& epoch) {
  std::erase_if(processes_, [&](const auto& item) {
    if (item.second.listing == listing_) return false;
    epoch.ended.push_back(KeyOf(item.first, item.second));
    return true;
  });
}

void ProcfsCpuTimeSource::CloseBooks(CpuTimeEpoch& epoch) const {
  std::map<uint32_t, SocketCount> sockets;
  const Nanoseconds duration = epoch.end - epoch.begin;
  std::unordered_map<uint32_t, const CpuIdle*> before;
  for (const CpuIdle& cpu : last_cpus_) before[cpu.cpu] = &cpu;
  for (const CpuIdle& cpu : scan_.cpus) {
    const auto last = before.find(cpu.cpu);
    if (last == before.end()) continue;
    SocketCount& socket = sockets[topology_.SocketOf(cpu.cpu)];
    socket.capacity_ns += duration.value;
    socket.idle_ns += IdleOf(*last->second, cpu, duration);
  }
  (void)CloseSockets(sockets, true, epoch);
}

// The kernel lets both counters fall at times (see proc(5), iowait): that is no idle time.
uint64_t ProcfsCpuTimeSource::IdleOf(const CpuIdle& before, const CpuIdle& now, Nanoseconds duration) const {
  const auto step = [&](uint64_t from, uint64_t to) {
    const uint64_t longest = duration.value / ns_per_tick_ + 1;
    return to > from ? std::min(to - from, longest) : 0;
  };
  const uint64_t ticks = step(before.idle_ticks, now.idle_ticks) + step(before.iowait_ticks, now.iowait_ticks);
  return std::min(ticks * ns_per_tick_, duration.value);
}

}  // namespace

Result<std::unique_ptr<CpuTimeSource>> MakeProcfsCpuTimeSource(ProcfsSourceOptions options, const Clock& clock) {
  const auto ticks_per_second = static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  auto scanner = ProcfsScanner::Open(options.procfs_root, ticks_per_second);
  if (!scanner) return scanner.error();
  auto source = std::make_unique<ProcfsCpuTimeSource>(*std::move(scanner), std::move(options), ticks_per_second, clock);
  if (const Status started = source->Start(); !started) return started.error();
  return std::unique_ptr<CpuTimeSource>(std::move(source));
}

}  // namespace brahe::cpu
