#include "userspace/workload/process_directory.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/units.h"

namespace brahe {
namespace {

// Field 22 of PROCFS/PID/stat. Field 2, the name in parentheses, may hold any bytes: fields are counted from its end.
std::optional<uint64_t> StartTicks(std::string_view stat) {
  const size_t close = stat.rfind(')');
  if (close == std::string_view::npos) return std::nullopt;
  stat.remove_prefix(close + 1);
  std::string_view word;
  for (int field = 3; field <= 22; ++field) {
    stat.remove_prefix(std::min(stat.find_first_not_of(' '), stat.size()));
    word = stat.substr(0, stat.find(' '));
    stat.remove_prefix(word.size());
  }
  const auto ticks = ParseUint64(word);
  if (!ticks) return std::nullopt;
  return *ticks;
}

}  // namespace

ProcessDirectory::ProcessDirectory(std::string procfs_root)
    : procfs_root_(std::move(procfs_root)), ticks_per_second_(static_cast<uint64_t>(sysconf(_SC_CLK_TCK))) {}

ProcessFacts ProcessDirectory::Read(const ProcessKey& process, const std::string& comm_hint,
                                    const std::string& exec_path_hint, bool alive) const {
  ProcessFacts facts{.comm = comm_hint, .exe = exec_path_hint};
  if (!alive) return facts;
  const std::string folder = procfs_root_ + "/" + std::to_string(process.pid);
  auto exe = ReadLink(folder + "/exe");
  auto comm = comm_hint.empty() ? ReadFile(folder + "/comm") : Result<std::string>(comm_hint);
  // Asked last: if it is the process now, it was when the names were read.
  if (!IsPresent(process, folder)) return facts;
  if (exe) {
    constexpr std::string_view kDeleted = " (deleted)";
    if (exe->ends_with(kDeleted)) exe->resize(exe->size() - kDeleted.size());
    facts.exe = *std::move(exe);
  }
  if (comm_hint.empty() && comm) {
    if (comm->ends_with('\n')) comm->pop_back();
    facts.comm = *std::move(comm);
  }
  return facts;
}

bool ProcessDirectory::IsPresent(const ProcessKey& process, const std::string& folder) const {
  const auto stat = ReadFile(folder + "/stat");
  return stat && StartTicks(*stat) == ScaleDown(process.start_ns, ticks_per_second_, Seconds(1).value);
}

}  // namespace brahe
