#include "userspace/cpu/choose_source.h"

#include <glog/logging.h>

#include <cerrno>

#include "userspace/cpu/bpf_cpu_time_source.h"
#include "userspace/cpu/procfs_cpu_time_source.h"

namespace brahe::cpu {
namespace {

constexpr uint32_t kRecordsForOneCommand = 8192;
// What is cut late is on the side of the cut where the command does not run.
constexpr Nanoseconds kLeadForOneCommand = {100'000};

Result<std::unique_ptr<CpuTimeSource>> MakeBpf(const CpuTimeSourceOptions& options, const Clock& clock) {
  BpfSourceOptions bpf;
  bpf.program.topology = options.topology;
  bpf.program.hierarchy = options.hierarchy;
  bpf.program.max_processes = options.max_processes;
  bpf.program.pin_path = options.sysfs_root + "/fs/bpf/brahe";
  if (options.purpose != Purpose::kServe) bpf.program.claim = bpf.program.pin_path = "";
  if (options.purpose == Purpose::kOneCommand) {
    if (options.max_processes == 0) bpf.program.max_processes = kRecordsForOneCommand;
    bpf.cut_lead = kLeadForOneCommand;
  }
  bpf.sysfs_root = options.sysfs_root;
  bpf.procfs_root = options.procfs_root;
  return MakeBpfCpuTimeSource(bpf, clock);
}

Result<std::unique_ptr<CpuTimeSource>> MakeProcfs(const CpuTimeSourceOptions& options, const Clock& clock) {
  ProcfsSourceOptions procfs;
  procfs.procfs_root = options.procfs_root;
  procfs.topology = options.topology;
  if (!options.hierarchy.mount_point.empty()) procfs.hierarchy = options.hierarchy;
  return MakeProcfsCpuTimeSource(procfs, clock);
}

}  // namespace

Result<std::unique_ptr<CpuTimeSource>> ChooseCpuTimeSource(const CpuTimeSourceOptions& options, const Clock& clock) {
  if (options.kind == "procfs") return MakeProcfs(options, clock);
  auto bpf = MakeBpf(options, clock);
  if (bpf || options.kind == "bpf" || bpf.error().code == EWOULDBLOCK) return bpf;
  LOG(WARNING) << "Counting CPU time from /proc, which misses work that starts and ends between two looks: "
               << bpf.error().message;
  return MakeProcfs(options, clock);
}

}  // namespace brahe::cpu
