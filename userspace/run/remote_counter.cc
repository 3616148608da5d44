#include "userspace/run/remote_counter.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace brahe::run {
namespace {

// For sys_pidfd_open, which older C libraries have no function for.
UniqueFd OpenProcess(pid_t pid) { return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

Result<Answer> AnswerOf(LineSocket& socket) {
  const auto line = socket.Read();
  if (!line) return line.error();
  auto answer = AnswerIn(*line);
  if (!answer) return MakeError("the service that counts is not understood: " + answer.error().message);
  if (answer->error) return MakeError(*answer->error);
  return answer;
}

}  // namespace

Result<std::unique_ptr<RemoteCounter>> RemoteCounter::Connect(const std::string& path, const Clock& clock) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return MakeError(path + ": too long for a socket's path");
  std::copy(path.begin(), path.end(), &address.sun_path[0]);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return SystemError("socket");
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return SystemError("connect to " + path);
  }
  LineSocket lines(std::move(fd));
  auto answer = AnswerOf(lines);
  if (!answer) return answer.error();
  if (!answer->origin) return MakeError(path + ": this is no service that counts");
  return std::unique_ptr<RemoteCounter>(new RemoteCounter(std::move(lines), *std::move(answer->origin), clock));
}

Status RemoteCounter::Begin(pid_t held) {
  const UniqueFd process = OpenProcess(held);
  if (!process.valid()) return SystemError("pidfd_open");
  const auto answer = Ask({.kind = Question::Kind::kBegin}, process.get());
  return answer ? Status() : answer.error();
}

Result<std::vector<LeftProcess>> RemoteCounter::Processes() {
  auto answer = Ask({.kind = Question::Kind::kProcesses});
  if (!answer) return answer.error();
  return std::move(answer->processes);
}

Result<RunFigures> RemoteCounter::End(Nanoseconds elapsed) {
  auto answer = Ask({.kind = Question::Kind::kEnd, .elapsed = elapsed});
  if (!answer) return answer.error();
  if (!answer->figures) return MakeError("the service that counts told no figures");
  return *std::move(answer->figures);
}

void RemoteCounter::Abandon() { (void)Ask({.kind = Question::Kind::kAbandon}); }

Result<Answer> RemoteCounter::Ask(const Question& question, int file) {
  if (const Status written = socket_.Write(LineOf(question), file); !written) return written.error();
  return AnswerOf(socket_);
}

}  // namespace brahe::run
