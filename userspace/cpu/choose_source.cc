#include "userspace/cpu/choose_source.h"

#include <glog/logging.h>

#include <cerrno>

#include "userspace/cpu/bpf_cpu_time_source.h"
#include "userspace/cpu/procfs_cpu_time_source.h"
#include "userspace/cpu/unpin.h"

namespace brahe::cpu {
namespace {

constexpr uint32_t kRecordsForOneCommand = 8192;
// What is cut late is on the side of the cut where the command does not run.
constexpr Nanoseconds kLeadForOneCommand = {100'000};

std::string PinPath(const CpuTimeSourceOptions& options) { return options.sysfs_root + "/fs/bpf/brahe"; }

Result<std::unique_ptr<CpuTimeSource>> MakeBpf(const CpuTimeSourceOptions& options, const Clock& clock) {
  BpfSourceOptions bpf;
  bpf.program.topology = options.topology;
  bpf.program.hierarchy = options.hierarchy;
  bpf.program.max_processes = options.max_processes;
  bpf.program.pin_path = PinPath(options);
  if (options.purpose == Purpose::kServe) {
    bpf.program.outlives = options.outlives;
    bpf.program.resume = options.resume;
  }
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

// What an exporter has left counting in the kernel would count for nobody.
void TakeOutWhatWasLeft(const std::string& pin_path) {
  const auto removed = Unpin(pin_path);
  if (!removed) {
    VLOG(1) << removed.error().message;
  } else if (removed->programs > 0) {
    LOG(INFO)
        << "Took out of the kernel what another exporter had left counting there, as CPU time comes from /proc now";
  }
}

}  // namespace

Result<std::unique_ptr<CpuTimeSource>> ChooseCpuTimeSource(const CpuTimeSourceOptions& options, const Clock& clock) {
  if (options.kind == "procfs") {
    if (options.outlives) TakeOutWhatWasLeft(PinPath(options));
    return MakeProcfs(options, clock);
  }
  auto bpf = MakeBpf(options, clock);
  if (bpf || options.kind == "bpf" || bpf.error().code == EWOULDBLOCK) return bpf;
  LOG(WARNING) << "Counting CPU time from /proc, which misses work that starts and ends between two looks: "
               << bpf.error().message;
  return MakeProcfs(options, clock);
}

}  // namespace brahe::cpu
