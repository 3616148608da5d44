#include "userspace/workload/process_directory.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/process_stat.h"
#include "userspace/base/units.h"
#include "userspace/workload/command_line.h"
#include "userspace/workload/vm_rules.h"

namespace brahe::workload {
namespace {

std::optional<ProcessStat> ReadStat(const std::string& folder) {
  const auto text = ReadFile(folder + "/stat");
  ProcessStat stat;
  return text && ParseProcessStat(*text, stat) ? std::optional(std::move(stat)) : std::nullopt;
}

Result<std::string> ReadExe(const std::string& folder) {
  auto exe = ReadLink(folder + "/exe");
  constexpr std::string_view kDeleted = " (deleted)";
  if (exe && exe->ends_with(kDeleted)) exe->resize(exe->size() - kDeleted.size());
  return exe;
}

// The end of a path that is too long for a label, where the program's name is. UTF-8 stays whole.
std::string BoundedPath(std::string path) {
  constexpr std::string_view kCut = "...";
  if (path.size() <= kLongestExe) return path;
  size_t begin = path.size() - (kLongestExe - kCut.size());
  constexpr size_t kLongestSequence = 4;
  const auto is_inside = [&](size_t at) { return (static_cast<unsigned char>(path[at]) & 0xc0) == 0x80; };
  for (size_t i = 1; i < kLongestSequence && is_inside(begin); ++i) ++begin;
  return std::string(kCut) + path.substr(begin);
}

// The one that the process in `folder`, which executes `exe`, runs. An Error where its command line, which alone tells,
// cannot be read, or not twice the same: it may just be put there. It stays, and so a wrong one would for good.
Result<std::optional<VirtualMachine>> VmRunBy(const std::string& folder, const std::string& exe) {
  if (!IsHypervisor(exe)) return std::optional<VirtualMachine>();
  const auto arguments = ReadCommandLine(folder), again = ReadCommandLine(folder);
  if (!arguments) return arguments.error();
  if (!again) return again.error();
  if (arguments->empty() || *arguments != *again) return MakeError(folder + "/cmdline is not there yet");
  return VmOfProcess(exe, *arguments);
}

}  // namespace

ProcessDirectory::ProcessDirectory(std::string procfs_root)
    : procfs_root_(std::move(procfs_root)), ticks_per_second_(static_cast<uint64_t>(sysconf(_SC_CLK_TCK))) {}

ProcessFacts ProcessDirectory::Read(const ProcessKey& process, const std::string& comm_hint,
                                    const std::string& exec_path_hint, bool alive) const {
  ProcessFacts facts{.comm = comm_hint, .exe = BoundedPath(exec_path_hint)};
  if (!alive) return facts;
  const std::string folder = FolderOf(process.pid);
  const uint64_t start_ticks = ScaleDown(process.start_ns, ticks_per_second_, Seconds(1).value);
  const auto exe = ReadExe(folder);
  auto comm = comm_hint.empty() ? ReadFile(folder + "/comm") : Result<std::string>(comm_hint);
  if (comm_hint.empty() && comm && comm->ends_with('\n')) comm->pop_back();
  const auto status = ReadFile(folder + "/status");
  const auto vm = VmRunBy(folder, exe.value_or(exec_path_hint));
  auto served_vm = !exe && comm ? VmServedBy(*comm, start_ticks) : std::nullopt;
  // Asked last: if it is the process now, it was when the names were read.
  const auto stat = ReadStat(folder);
  facts.complete = stat.has_value();
  if (!stat || stat->start_ticks != start_ticks) return facts;
  if (exe) facts.exe = BoundedPath(*exe);
  if (comm) facts.comm = *std::move(comm);
  if (status) facts.uid = ParseRealUid(*status);
  const bool of_kernel = stat->is_kernel_thread();
  facts.vm = of_kernel ? std::move(served_vm) : vm.value_or(std::nullopt);
  facts.complete = comm && facts.uid && (of_kernel || (exe && vm));
  return facts;
}

std::string ProcessDirectory::FolderOf(uint32_t pid) const { return procfs_root_ + "/" + std::to_string(pid); }

// The one whose packets a kernel thread called `comm` carries: vhost-PID works for process PID. (From Linux 6.4 on it
// is a thread of that process and needs no rule; since 6.17 it depends on the process' wish.)
std::optional<VirtualMachine> ProcessDirectory::VmServedBy(const std::string& comm, uint64_t start_ticks) const {
  constexpr std::string_view kVhost = "vhost-";
  if (!comm.starts_with(kVhost)) return std::nullopt;
  const auto owner = ParseUint64(std::string_view(comm).substr(kVhost.size()));
  if (!owner || *owner > UINT32_MAX) return std::nullopt;
  const std::string folder = FolderOf(static_cast<uint32_t>(*owner));
  const auto exe = ReadExe(folder);
  if (!exe) return std::nullopt;
  auto vm = VmRunBy(folder, *exe).value_or(std::nullopt);
  // One that is younger than its thread has the pid of the one that made it.
  const auto stat = vm ? ReadStat(folder) : std::nullopt;
  return stat && stat->start_ticks <= start_ticks ? std::move(vm) : std::nullopt;
}

}  // namespace brahe::workload
