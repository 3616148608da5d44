#include "userspace/run/held_command.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace brahe::run {
namespace {

struct Pipe {
  UniqueFd reader, writer;
};

Result<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return SystemError("pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

[[noreturn]] void RunChild(const std::vector<std::string>& command, const sigset_t& mask, Pipe gate, Pipe failure) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  gate.writer.Reset();  // so that the end of the parent is seen
  char go = 0;
  ssize_t n = 0;
  while ((n = read(gate.reader.get(), &go, 1)) < 0 && errno == EINTR) {
  }
  if (n != 1) _exit(0);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  execvp(arguments[0], arguments.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t told = write(failure.writer.get(), &error, sizeof error);
  _exit(ExitStatusOfExec(error));
}

}  // namespace

Result<HeldCommand> HeldCommand::Fork(const std::vector<std::string>& command, const sigset_t& mask) {
  auto gate = MakePipe();
  if (!gate) return gate.error();
  auto failure = MakePipe();
  if (!failure) return failure.error();
  const pid_t pid = fork();
  if (pid < 0) return SystemError("fork");
  if (pid == 0) RunChild(command, mask, *std::move(gate), *std::move(failure));
  return HeldCommand(pid, std::move(gate->writer), std::move(failure->reader));
}

HeldCommand::HeldCommand(HeldCommand&& other) noexcept
    : pid_(other.pid_), gate_(std::move(other.gate_)), failure_(std::move(other.failure_)) {}

HeldCommand::~HeldCommand() {
  if (!gate_.valid()) return;
  gate_.Reset();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Status HeldCommand::LetGo() {
  const ssize_t written = write(gate_.get(), "", 1);
  gate_.Reset();
  if (written != 1) return SystemError("let the command go");
  int error = 0;
  ssize_t n = 0;
  while ((n = read(failure_.get(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (n == sizeof error) return Error{error, ""};
  return {};
}

int ExitStatusOf(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int ExitStatusOfExec(int exec_errno) { return exec_errno == ENOENT || exec_errno == ENOTDIR ? 127 : 126; }

}  // namespace brahe::run
