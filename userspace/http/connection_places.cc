#include "userspace/http/connection_places.h"

#include <glog/logging.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>

namespace brahe::http {
namespace {

// What the soft limit is raised by beside the connections.
constexpr rlim_t kOtherFiles = 1024;
// What is left where that cannot be had: the server's own epoll sets and event counters, scans of /proc, files of
// certificates, a request to a kubelet, and connections that were ended and are not closed yet.
constexpr rlim_t kFewestOtherFiles = 24;

rlim_t OpenFiles() {
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  // Without /proc nothing works but the server; a guess does for that.
  return error ? kFewestOtherFiles : static_cast<rlim_t>(std::distance(begin(files), end(files)));
}

}  // namespace

Result<unsigned> ConnectionPlaces(unsigned wanted, unsigned others) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return SystemError("limit of open files: getrlimit", errno);
  if (const rlim_t most = wanted + others + kOtherFiles; files.rlim_cur < most) {
    const rlimit raised = {.rlim_cur = std::min(most, files.rlim_max), .rlim_max = files.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) files = raised;
  }
  const rlim_t taken = OpenFiles() + kFewestOtherFiles + others;
  const std::string limit = "http: at most " + std::to_string(files.rlim_cur) + " files can be open";
  const std::string remedy = "; raise the limit (LimitNOFILE, ulimit -n)";
  if (files.rlim_cur <= taken) {
    return MakeError(limit + ", which leaves no room for clients: " + std::to_string(taken) + " are needed beside" +
                     remedy);
  }
  const rlim_t room = files.rlim_cur - taken;
  if (room >= wanted) return wanted;
  LOG(WARNING) << limit << ", which leaves room for " << room << " clients at a time and not for " << wanted << remedy;
  return static_cast<unsigned>(room);
}

}  // namespace brahe::http
