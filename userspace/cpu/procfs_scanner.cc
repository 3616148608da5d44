#include "userspace/cpu/procfs_scanner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <utility>

namespace brahe::cpu {
namespace {

constexpr size_t kCpuStatLimit = 16 << 20;
// PROCFS/PID/stat is below 2 KiB, and so is /proc/PID/cgroup but for cgroups nested absurdly deep.
constexpr size_t kProcessFileLimit = 64 << 10;

// The pid that a folder's name stands for; 0 for other folders.
uint32_t ParsePid(const char* name) {
  uint32_t pid = 0;
  const char* const end = name + strlen(name);
  const auto [stop, error] = std::from_chars(name, end, pid);
  return error == std::errc() && stop == end ? pid : 0;
}

}  // namespace

Result<ProcfsScanner> ProcfsScanner::Open(const std::string& procfs_root, uint64_t ticks_per_second) {
  DIR* const folder = opendir(procfs_root.c_str());
  if (folder == nullptr) return SystemError("open " + procfs_root);
  return ProcfsScanner(procfs_root, folder, ticks_per_second);
}

ProcfsScanner::ProcfsScanner(std::string root, DIR* folder, uint64_t ticks_per_second)
    : root_(std::move(root)), folder_(folder), ticks_per_second_(ticks_per_second), buffer_(kProcessFileLimit) {}

Status ProcfsScanner::Scan(ProcfsScan& scan) {
  // The uptime comes first: whatever is missing in the listing was born after it.
  const std::string path = root_ + "/uptime";
  const auto text = ReadFile(path);
  if (!text) return text.error();
  const auto uptime = ParseUptime(*text, ticks_per_second_);
  if (!uptime) return MakeError("read " + path + ": not an uptime");
  scan.uptime_ticks = *uptime;
  if (Status cpus = ScanCpus(scan); !cpus) return cpus;
  return ScanProcesses(scan);
}

Status ProcfsScanner::ScanCpus(ProcfsScan& scan) const {
  const std::string path = root_ + "/stat";
  const auto text = ReadFile(path, kCpuStatLimit);
  if (!text) return text.error();
  ParseCpuIdle(*text, scan.cpus);
  if (scan.cpus.empty()) return MakeError("read " + path + ": no line of a CPU in it");
  return {};
}

Status ProcfsScanner::ScanProcesses(ProcfsScan& scan) {
  size_t count = 0;
  rewinddir(folder_.get());
  while (true) {
    errno = 0;
    const dirent* const entry = readdir(folder_.get());
    if (entry == nullptr) break;
    const uint32_t pid = ParsePid(entry->d_name);
    if (pid == 0) continue;
    if (count == scan.processes.size()) scan.processes.emplace_back();
    ProcessReading& reading = scan.processes[count++];
    reading.pid = pid;
    reading.readable = ReadStat(pid, reading.stat);
  }
  if (errno != 0) return SystemError("list " + root_);
  scan.processes.resize(count);
  return {};
}

// Twice at most: what a newborn used before it was seen first is known only once.
bool ProcfsScanner::ReadStat(uint32_t pid, ProcessStat& stat) {
  return ParseProcessStat(ReadOf(pid, "stat"), stat) || ParseProcessStat(ReadOf(pid, "stat"), stat);
}

std::string_view ProcfsScanner::ReadOf(uint32_t pid, const char* name) {
  char path[64];
  snprintf(path, sizeof path, "%u/%s", pid, name);
  const UniqueFd fd(openat(dirfd(folder_.get()), path, O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {};
  ssize_t length;
  do {  // procfs gives a small file in one piece
    length = read(fd.get(), buffer_.data(), buffer_.size());
  } while (length < 0 && errno == EINTR);
  return {buffer_.data(), static_cast<size_t>(std::max<ssize_t>(length, 0))};
}

std::optional<uint32_t> ProcfsScanner::OwnerOf(uint32_t pid) const {
  struct stat info;
  if (fstatat(dirfd(folder_.get()), std::to_string(pid).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return info.st_uid;
}

}  // namespace brahe::cpu
