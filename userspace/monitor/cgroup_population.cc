#include "userspace/monitor/cgroup_population.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "userspace/base/file.h"

namespace brahe::monitor {
namespace {

// Whether it tells nothing of the file, which may be there.
bool IsPassing(const Error& error) {
  return error.code == EMFILE || error.code == ENFILE || error.code == ENOMEM || error.code == EINTR ||
         error.code == EIO;
}

// What cannot be read for a moment counts as populated: it is asked for again, and what has ended once is not.

// What cgroup v2 says of all below `folder`; nullopt where it says nothing.
std::optional<bool> PopulatedByEvents(const std::string& folder) {
  const Result<std::string> events = ReadFile(folder + "/cgroup.events");
  if (!events) return IsPassing(events.error()) ? std::optional(true) : std::nullopt;
  return events->find("populated 0") == std::string::npos;
}

bool HasProcesses(const std::string& folder) {
  const Result<std::string> processes = ReadFile(folder + "/cgroup.procs");
  return processes ? !Trim(*processes).empty() : IsPassing(processes.error());
}

}  // namespace

bool IsContainerPopulated(const std::string& cgroup_root, const std::string& path, const std::string& container) {
  if (const auto populated = PopulatedByEvents(cgroup_root + container)) return *populated;
  return HasProcesses(cgroup_root + container) || HasProcesses(cgroup_root + path);
}

bool IsPodCgroupPopulated(const std::string& cgroup_root, const std::string& path, const std::string& pod_uid) {
  std::string dashed = path;
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  const size_t uid = dashed.rfind(pod_uid);
  if (pod_uid.empty() || uid == std::string::npos) return false;
  const std::string pod_folder = cgroup_root + path.substr(0, path.find('/', uid));
  if (const auto populated = PopulatedByEvents(pod_folder)) return *populated;
  std::error_code error;
  std::filesystem::directory_iterator entry(pod_folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (HasProcesses(entry->path().string())) return true;
  }
  return false;
}

}  // namespace brahe::monitor
