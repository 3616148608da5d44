#include "userspace/e2e/supervised_command.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <iostream>
#include <thread>
#include <utility>

namespace brahe::supervision {
namespace {

constexpr int kNoCommand = 127;

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "name the architecture in seccomp's words"
#endif

std::vector<sock_filter> FilterOf(const SupervisedCommand& what) {
  const uint32_t listed = what.all_others ? SECCOMP_RET_ALLOW : SECCOMP_RET_USER_NOTIF;
  const uint32_t other = what.all_others ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
  std::vector<sock_filter> code = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  for (const int call : what.calls) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1));
    code.push_back(BPF_STMT(BPF_RET | BPF_K, listed));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, other));
  return code;
}

// From now on every such call by this process, and by what it becomes, waits for an answer through the file descriptor.
Result<UniqueFd> Listen(const SupervisedCommand& what) {
  std::vector<sock_filter> code = FilterOf(what);
  const sock_fprog filter = {static_cast<unsigned short>(code.size()), code.data()};
  UniqueFd listener(
      static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter)));
  if (!listener.valid()) return SystemError("filter system calls by seccomp (root and Linux 5.9 are needed)");
  return listener;
}

// Room for the kernel's records, which may be larger than those that this was compiled with.
class Records {
 public:
  static Result<Records> Make() {
    seccomp_notif_sizes sizes = {};
    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) return SystemError("ask for seccomp's sizes");
    return Records(std::max<size_t>(sizes.seccomp_notif, sizeof(seccomp_notif)),
                   std::max<size_t>(sizes.seccomp_notif_resp, sizeof(seccomp_notif_resp)));
  }

  // Both all zero.
  void Clear() {
    std::fill(notice_.begin(), notice_.end(), 0);
    std::fill(answer_.begin(), answer_.end(), 0);
  }
  seccomp_notif& notice() { return *reinterpret_cast<seccomp_notif*>(notice_.data()); }
  seccomp_notif_resp& answer() { return *reinterpret_cast<seccomp_notif_resp*>(answer_.data()); }

 private:
  Records(size_t notice, size_t answer) : notice_(notice / 8 + 1), answer_(answer / 8 + 1) {}

  std::vector<uint64_t> notice_, answer_;
};

Status Send(int listener, uint64_t id, const Answer& what, Records& records) {
  records.Clear();
  seccomp_notif_resp& answer = records.answer();
  answer.id = id;
  answer.error = -what.error;
  if (what.error == 0 && what.value >= 0) answer.val = what.value;
  answer.flags = what.error == 0 && what.value < 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0 && errno != ENOENT) {
    return SystemError("answer a call through seccomp");
  }
  return {};
}

// Answers one call. A caller that is gone by then needs no answer.
Status AnswerOne(int listener, const Decide& decide, Records& records) {
  records.Clear();
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &records.notice()) != 0) {
    return errno == ENOENT || errno == EINTR ? Status() : SystemError("take a call from seccomp");
  }
  const uint64_t id = records.notice().id;
  const auto answer = decide(records.notice());
  // What was read of a caller that is gone may have been another's.
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) != 0) return {};
  if (!answer) return answer.error();
  if (answer->delay.value == 0) return Send(listener, id, *answer, records);
  // Meanwhile others are answered. With this process it ends as well.
  std::thread([listener, id, late = *answer, own = records]() mutable {
    std::this_thread::sleep_for(std::chrono::nanoseconds(late.delay.value));
    (void)Send(listener, id, late, own);
  }).detach();
  return {};
}

// Answers until the process of `command` (a pidfd) has ended.
Status AnswerAll(int listener, int command, const Decide& decide) {
  auto records = Records::Make();
  if (!records) return records.error();
  while (true) {
    std::array<pollfd, 2> events = {{{listener, POLLIN, 0}, {command, POLLIN, 0}}};
    if (poll(events.data(), events.size(), -1) < 0 && errno != EINTR) return SystemError("poll");
    if (events[1].revents != 0) return {};
    if ((events[0].revents & POLLIN) == 0) continue;
    if (const auto answered = AnswerOne(listener, decide, *records); !answered) return answered;
  }
}

// The command's file descriptor of this number, as soon as it has it. Invalid: the command has ended before.
Result<UniqueFd> TakeOver(int command, int number) {
  while (true) {
    UniqueFd taken(static_cast<int>(syscall(SYS_pidfd_getfd, command, number, 0)));
    if (taken.valid() || errno == ESRCH) return taken;
    if (errno != EBADF) return SystemError("pidfd_getfd");
    pollfd ended = {command, POLLIN, 0};
    if (poll(&ended, 1, 1) > 0) return UniqueFd();
  }
}

// The child: says that it is ready, takes the listener over from its parent, whose number of it comes through `parent`,
// and serves. `open`: a number of a file descriptor that the parent has.
Status Supervise(UniqueFd parent, int open, const SupervisedCommand& what) {
  setsid();  // what a terminal or a test sends to the command's group is not for this process
  const UniqueFd command(static_cast<int>(syscall(SYS_pidfd_open, getppid(), 0)));
  if (!command.valid()) return SystemError("pidfd_open");
  // What may fail, does so now: once the parent is under the filter, it waits for this process.
  if (const auto may = TakeOver(command.get(), open); !may) return may.error();
  const auto decide = what.begin();
  if (!decide) return decide.error();
  int number = 0;
  if (send(parent.get(), &number, sizeof number, MSG_NOSIGNAL) != sizeof number) return SystemError("tell the parent");
  if (read(parent.get(), &number, sizeof number) != sizeof number) return {};  // it has failed, and said so
  const auto listener = TakeOver(command.get(), number);
  if (!listener) return listener.error();
  if (!listener->valid()) return {};
  if (send(parent.get(), &number, sizeof number, MSG_NOSIGNAL) != sizeof number) return SystemError("tell the parent");
  parent.Reset();
  return AnswerAll(listener->get(), command.get(), *decide);
}

// The parent: puts itself under the filter, and once the child listens becomes the command.
Status Become(const SupervisedCommand& what, const UniqueFd& child) {
  int number = 0;
  if (read(child.get(), &number, sizeof number) != sizeof number) return MakeError("the child has failed");
  // The number that the listener will have is told before: after that, telling may be a call that waits for the child.
  number = dup(child.get());
  if (number < 0) return SystemError("dup");
  close(number);
  if (send(child.get(), &number, sizeof number, MSG_NOSIGNAL) != sizeof number) return SystemError("tell the child");
  const auto listener = Listen(what);
  if (!listener) return listener.error();
  if (listener->get() != number) return MakeError("the listener has another number than the next one that was free");
  if (read(child.get(), &number, sizeof number) != sizeof number) return MakeError("the child has failed");
  std::vector<char*> arguments;
  for (const std::string& argument : what.command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  return SystemError("run " + what.command[0]);
}

}  // namespace

int Fail(const char* name, const Error& error, int status) {
  std::cerr << name << ": " << error.message << "\n";
  return status;
}

int RunSupervised(const SupervisedCommand& what) {
  std::array<int, 2> ends = {};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Fail(what.name, SystemError("socketpair"));
  }
  UniqueFd parent(ends[0]), child(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) return Fail(what.name, SystemError("fork"));
  if (pid == 0) {
    const int open = child.get();
    child.Reset();
    const auto supervised = Supervise(std::move(parent), open, what);
    return supervised ? 0 : Fail(what.name, supervised.error());
  }
  parent.Reset();
  const auto failed = Become(what, child);
  return Fail(what.name, failed.error(), failed.error().code == ENOENT ? kNoCommand : kOwnFailure);
}

Status ReadMemory(pid_t thread, uint64_t address, void* target, size_t bytes) {
  const iovec local = {target, bytes};
  const iovec remote = {reinterpret_cast<void*>(address), bytes};  // NOLINT: an address of theirs
  const ssize_t read = process_vm_readv(thread, &local, 1, &remote, 1, 0);
  if (read < 0) return SystemError("read memory of thread " + std::to_string(thread));
  if (static_cast<size_t>(read) != bytes) return Error{EFAULT, "memory of a thread ends early"};
  return {};
}

Status WriteMemory(pid_t thread, uint64_t address, const void* source, size_t bytes) {
  const iovec local = {const_cast<void*>(source), bytes};
  const iovec remote = {reinterpret_cast<void*>(address), bytes};  // NOLINT: an address of theirs
  const ssize_t written = process_vm_writev(thread, &local, 1, &remote, 1, 0);
  if (written < 0) return SystemError("write memory of thread " + std::to_string(thread));
  if (static_cast<size_t>(written) != bytes) return Error{EFAULT, "memory of a thread ends early"};
  return {};
}

}  // namespace brahe::supervision
