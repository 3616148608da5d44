// disturb SOCKET -- COMMAND...: becomes the command, of whose system calls a child can let one fail, or give it a false
// answer. What is to be done comes by the Unix socket SOCKET, which the child makes, in lines, each answered by one:
//
// watch           notes from now on which calls are made, and forgets what was noted: "ok"
// calls           what was noted, one in a line, and an empty line
// KIND CALL       what comes of the next call that `calls` names so, besides what is to be done yet: "ok". KIND is
//                   errno=NUMBER  the call fails
//                   late=MS       the call is made so much later
//                   garbage       what it reads is turned into something else, of the same length
//                   byte          it reads or writes one byte and no more
//                   cut           the file ends in the middle of what it would read
//                   empty         the file ends before that
// left            what has not been done yet, one in a line, and an empty line
//
// Prints nothing unless it fails itself: then it exits 2, or 127 where the command cannot be run. For tests; needs root
// and Linux 5.9.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/e2e/call_sites.h"
#include "userspace/e2e/supervised_command.h"

namespace brahe::disturbances {
namespace {

using supervision::Answer;
using supervision::Decide;
using supervision::ReadMemory;
using supervision::WriteMemory;

// Calls that are left alone: those that never fail, or do not return; futex(2), whose errors the C library answers
// for; close(2), which closes even where it fails.
const std::vector<int> kLeftAlone = {SYS_exit,  SYS_exit_group, SYS_rt_sigreturn, SYS_futex,
                                     SYS_close, SYS_execve,     SYS_gettid,       SYS_getpid};

struct Disturbance {
  enum class Kind { kError, kLate, kGarbage, kByte, kCut, kEmpty };
  Kind kind = Kind::kError;
  uint64_t number = 0;
  std::string site;
  std::string line;  // with which it was asked for
};

// One line of SOCKET that is to do something.
Result<Disturbance> Parse(const std::string& line) {
  const size_t blank = line.find(' ');
  if (blank == std::string::npos) return MakeError(line + ": not known");
  const std::string kind = line.substr(0, blank);
  Disturbance what = {.site = line.substr(blank + 1), .line = line};
  const size_t equal = kind.find('=');
  if (equal != std::string::npos) {
    const auto number = ParseUint64(kind.substr(equal + 1));
    if (!number) return number.error();
    what.number = *number;
  }
  using Kind = Disturbance::Kind;
  constexpr std::pair<const char*, Kind> kKinds[] = {{"errno", Kind::kError},     {"late", Kind::kLate},
                                                     {"garbage", Kind::kGarbage}, {"byte", Kind::kByte},
                                                     {"cut", Kind::kCut},         {"empty", Kind::kEmpty}};
  for (const auto& [name, value] : kKinds) {
    if (kind.substr(0, equal) != name) continue;
    what.kind = value;
    return what;
  }
  return MakeError(kind + ": no such kind");
}

class Disturber {
 public:
  explicit Disturber(pid_t pid) : pid_(pid), process_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}

  Result<Answer> On(const seccomp_notif& call);
  std::string OnLine(const std::string& line);

 private:
  bool IsOfTheProcess(pid_t thread) const;
  std::vector<pid_t> Threads() const;
  // Empty: not with this call, but with a later one.
  Result<std::optional<Answer>> Do(const Disturbance& what, const seccomp_notif& call, Transfer transfer);
  Result<std::optional<Answer>> Read(const Disturbance& what, const seccomp_notif& call);
  Result<std::optional<Answer>> WriteByte(const seccomp_notif& call, Transfer transfer) const;

  const pid_t pid_;
  const UniqueFd process_;
  std::mutex mutex_;  // guards all below
  bool watching_ = false;
  std::set<std::string> seen_;
  std::vector<pid_t> threads_;
  std::vector<Disturbance> armed_;
  // A file that has ended before its time, until its thread does anything else than to read on.
  struct End {
    pid_t thread = 0;
    uint64_t fd = 0;
  };
  std::optional<End> end_;
};

bool Disturber::IsOfTheProcess(pid_t thread) const {
  return access(("/proc/" + std::to_string(pid_) + "/task/" + std::to_string(thread)).c_str(), F_OK) == 0;
}

std::vector<pid_t> Disturber::Threads() const {
  std::vector<pid_t> threads;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task", none)) {
    threads.push_back(static_cast<pid_t>(ParseUint64(entry.path().filename().string()).value_or(0)));
  }
  std::sort(threads.begin(), threads.end());
  return threads;
}

Result<Answer> Disturber::On(const seccomp_notif& call) {
  const std::lock_guard lock(mutex_);
  const auto thread = static_cast<pid_t>(call.pid);
  if (end_ && end_->thread == thread) {
    const bool reads_on = (call.data.nr == SYS_read || call.data.nr == SYS_pread64) && call.data.args[0] == end_->fd;
    end_.reset();
    if (reads_on) return Answer{.value = 0};
  }
  if ((!watching_ && armed_.empty()) || !IsOfTheProcess(thread)) return Answer();
  const CallSite site = SiteOf(call, pid_, threads_);
  if (watching_) seen_.insert(site.text);
  const auto armed =
      std::find_if(armed_.begin(), armed_.end(), [&](const Disturbance& what) { return what.site == site.text; });
  if (armed == armed_.end()) return Answer();
  const auto answer = Do(*armed, call, site.transfer);
  if (!answer) return answer.error();
  if (*answer) armed_.erase(armed);
  return answer->value_or(Answer());
}

Result<std::optional<Answer>> Disturber::Do(const Disturbance& what, const seccomp_notif& call, Transfer transfer) {
  using Kind = Disturbance::Kind;
  const bool reads = transfer == Transfer::kRead || transfer == Transfer::kPread;
  switch (what.kind) {
    case Kind::kError:
      return std::optional(Answer{.error = static_cast<int>(what.number)});
    case Kind::kLate:
      return std::optional(Answer{.delay = Milliseconds(what.number)});
    case Kind::kEmpty:
      return std::optional(Answer{.value = 0});
    case Kind::kByte:
    case Kind::kGarbage:
    case Kind::kCut:
      break;
  }
  if (reads) return Read(what, call);
  if (what.kind == Kind::kByte) return WriteByte(call, transfer);
  return MakeError("reads nothing: " + what.site);
}

// Does the call in the caller's place. One at the end of the file is not what was meant.
Result<std::optional<Answer>> Disturber::Read(const Disturbance& what, const seccomp_notif& call) {
  using Kind = Disturbance::Kind;
  const UniqueFd file(static_cast<int>(syscall(SYS_pidfd_getfd, process_.get(), call.data.args[0], 0)));
  if (!file.valid()) return SystemError("pidfd_getfd");
  constexpr size_t kMost = 1 << 20;
  std::string bytes(what.kind == Kind::kByte ? 1 : std::min<size_t>(call.data.args[2], kMost), '\0');
  const ssize_t got = call.data.nr == SYS_read
                          ? read(file.get(), bytes.data(), bytes.size())
                          : pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(call.data.args[3]));
  if (got <= 0) return std::optional<Answer>();
  bytes.resize(static_cast<size_t>(what.kind == Kind::kCut ? got / 2 : got));
  if (what.kind == Kind::kGarbage) {
    for (char& byte : bytes) byte = static_cast<char>(~byte);
  }
  if (what.kind == Kind::kCut) end_ = {static_cast<pid_t>(call.pid), call.data.args[0]};
  const auto written = WriteMemory(static_cast<pid_t>(call.pid), call.data.args[1], bytes.data(), bytes.size());
  if (!written) return written.error();
  return std::optional(Answer{.value = static_cast<int64_t>(bytes.size())});
}

Result<std::optional<Answer>> Disturber::WriteByte(const seccomp_notif& call, Transfer transfer) const {
  const auto thread = static_cast<pid_t>(call.pid);
  uint64_t address = call.data.args[1];
  if (transfer == Transfer::kWritev || transfer == Transfer::kPwritev) {
    iovec first = {};
    if (const auto read = ReadMemory(thread, address, &first, sizeof first); !read) return read.error();
    address = reinterpret_cast<uint64_t>(first.iov_base);
  } else if (transfer != Transfer::kWrite && transfer != Transfer::kPwrite) {
    return MakeError("transfers nothing: call " + std::to_string(call.data.nr));
  }
  char byte = 0;
  if (const auto read = ReadMemory(thread, address, &byte, 1); !read) return read.error();
  const UniqueFd file(static_cast<int>(syscall(SYS_pidfd_getfd, process_.get(), call.data.args[0], 0)));
  if (!file.valid()) return SystemError("pidfd_getfd");
  const bool at_offset = transfer == Transfer::kPwrite || transfer == Transfer::kPwritev;
  const ssize_t done =
      at_offset ? pwrite(file.get(), &byte, 1, static_cast<off_t>(call.data.args[3])) : write(file.get(), &byte, 1);
  if (done < 0) return SystemError("write in the command's place");
  return std::optional(Answer{.value = done});
}

std::string Disturber::OnLine(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (line == "watch") {
    seen_.clear();
    threads_ = Threads();
    watching_ = true;
    return "ok";
  }
  if (line == "calls") {
    watching_ = false;
    std::string all;
    for (const std::string& site : seen_) all += site + "\n";
    return all;
  }
  if (line == "left") {
    std::string all;
    for (const Disturbance& what : armed_) all += what.line + "\n";
    return all;
  }
  auto what = Parse(line);
  if (!what) return what.error().message;
  armed_.push_back(*std::move(what));
  return "ok";
}

// Serves one after another, for ever.
void Serve(const UniqueFd& socket, Disturber& disturber) {
  while (true) {
    const UniqueFd peer(accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer.valid()) continue;
    std::string text;
    char piece[4096];
    for (ssize_t got; (got = read(peer.get(), piece, sizeof piece)) > 0;) {
      text.append(piece, static_cast<size_t>(got));
      for (size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
        const std::string said = disturber.OnLine(text.substr(0, end)) + "\n";
        if (send(peer.get(), said.data(), said.size(), MSG_NOSIGNAL) < 0) break;
      }
    }
  }
}

Result<UniqueFd> ListenAt(const std::string& path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return MakeError(path + ": too long for a socket");
  path.copy(address.sun_path, path.size());
  if (!socket.valid() || bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(socket.get(), 1) != 0) {
    return SystemError("listen at " + path);
  }
  return socket;
}

// In the child.
Result<Decide> Begin(const std::string& path) {
  auto socket = ListenAt(path);
  if (!socket) return socket.error();
  const auto disturber = std::make_shared<Disturber>(getppid());
  std::thread([disturber, at = std::make_shared<UniqueFd>(*std::move(socket))] { Serve(*at, *disturber); }).detach();
  return Decide([disturber](const seccomp_notif& call) { return disturber->On(call); });
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3 || arguments[1] != "--") {
    std::cerr << "usage: disturb SOCKET -- COMMAND...\n";
    return supervision::kOwnFailure;
  }
  return supervision::RunSupervised({.name = "disturb",
                                     .calls = kLeftAlone,
                                     .all_others = true,
                                     .command = {arguments.begin() + 2, arguments.end()},
                                     .begin = [&] { return Begin(arguments[0]); }});
}

}  // namespace
}  // namespace brahe::disturbances

int main(int argc, char** argv) { return brahe::disturbances::Main({argv + 1, argv + argc}); }
