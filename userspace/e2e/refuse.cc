// refuse RULE... -- COMMAND...: becomes the command, as seen by a kernel that refuses it some calls of bpf(2), like a
// security module, a lockdown or an older kernel does. Prints nothing unless it fails itself: then it exits 2, or 127
// where the command cannot be run. For tests; needs root and Linux 5.9.
//
// The command keeps this process, with its pid, signals and exit status. A child, which lives as long, is told by
// seccomp of each call of bpf(2) and decides on it. It reads the arguments from the command's memory, and nothing keeps
// the command from changing them after that: this is no means of security.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/e2e/refusal_rules.h"

namespace brahe::refusals {
namespace {

constexpr int kOwnFailure = 2;
constexpr int kNoCommand = 127;
constexpr size_t kMostInstructions = 1 << 20;  // the kernel takes no more

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "name the architecture in seccomp's words"
#endif

// From now on every call of bpf(2) by this process, and by what it becomes, waits for an answer through the file
// descriptor.
Result<UniqueFd> ListenToBpfCalls() {
  std::array<sock_filter, 6> code = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter = {static_cast<unsigned short>(code.size()), code.data()};
  UniqueFd listener(
      static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter)));
  if (!listener.valid()) return SystemError("filter bpf(2) by seccomp (root and Linux 5.9 are needed)");
  return listener;
}

// Copies from another thread's memory; an Error of EFAULT where it has none.
Status ReadMemory(pid_t thread, uint64_t address, void* target, size_t bytes) {
  const iovec local = {target, bytes};
  const iovec remote = {reinterpret_cast<void*>(address), bytes};  // NOLINT: an address of theirs
  const ssize_t read = process_vm_readv(thread, &local, 1, &remote, 1, 0);
  if (read < 0) return SystemError("read memory of thread " + std::to_string(thread));
  if (static_cast<size_t>(read) != bytes) return Error{EFAULT, "memory of a thread ends early"};
  return {};
}

// Name of a program, by the file descriptor that a thread has of it; "" if it is none.
Result<std::string> NameOfProgram(pid_t thread, uint32_t fd) {
  const auto info = ReadFile("/proc/" + std::to_string(thread) + "/fdinfo/" + std::to_string(fd));
  if (!info) return info.error().code == ENOENT ? Result<std::string>("") : info.error();
  std::istringstream lines(*info);
  bpf_attr by_id = {};
  for (std::string word; by_id.prog_id == 0 && lines >> word;) {
    if (word == "prog_id:") lines >> by_id.prog_id;
  }
  if (by_id.prog_id == 0) return std::string();
  const UniqueFd program(static_cast<int>(syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &by_id, sizeof by_id)));
  if (!program.valid()) return SystemError("open BPF program " + std::to_string(by_id.prog_id));
  bpf_prog_info description = {};
  bpf_attr ask = {};
  ask.info.bpf_fd = static_cast<uint32_t>(program.get());
  ask.info.info_len = sizeof description;
  ask.info.info = reinterpret_cast<uint64_t>(&description);
  if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &ask, sizeof ask) != 0) return SystemError("describe BPF program");
  return std::string(description.name);
}

Result<BpfCall> ReadCall(const seccomp_notif& notice) {
  const auto thread = static_cast<pid_t>(notice.pid);
  BpfCall call;
  call.command = static_cast<uint32_t>(notice.data.args[0]);
  const size_t bytes = std::min<uint64_t>(static_cast<uint32_t>(notice.data.args[2]), sizeof call.attributes);
  if (const auto read = ReadMemory(thread, notice.data.args[1], &call.attributes, bytes); !read) return read.error();
  if (call.command == BPF_PROG_LOAD) {
    call.instructions.resize(std::min<size_t>(call.attributes.insn_cnt, kMostInstructions));
    const size_t code_bytes = call.instructions.size() * sizeof(bpf_insn);
    const auto read = ReadMemory(thread, call.attributes.insns, call.instructions.data(), code_bytes);
    if (!read) return read.error();
  } else if (call.command == BPF_LINK_CREATE || call.command == BPF_RAW_TRACEPOINT_OPEN) {
    const bool link = call.command == BPF_LINK_CREATE;
    auto name =
        NameOfProgram(thread, link ? call.attributes.link_create.prog_fd : call.attributes.raw_tracepoint.prog_fd);
    if (!name) return name.error();
    call.attached = *std::move(name);
  }
  return call;
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

// Answers one call. A caller that is gone by then needs no answer.
Status AnswerOne(int listener, const std::vector<Rule>& rules, Records& records) {
  records.Clear();
  const seccomp_notif& notice = records.notice();
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &records.notice()) != 0) {
    return errno == ENOENT || errno == EINTR ? Status() : SystemError("take a call from seccomp");
  }
  const auto call = ReadCall(notice);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &notice.id) != 0) return {};
  // What the caller's memory does not hold, the kernel will not find there either.
  if (!call && call.error().code != EFAULT) return call.error();
  const int error = call ? ErrorOf(rules, *call) : 0;
  seccomp_notif_resp& answer = records.answer();
  answer.id = notice.id;
  answer.error = -error;
  answer.flags = error == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0 && errno != ENOENT) {
    return SystemError("answer a call through seccomp");
  }
  return {};
}

// Answers until the process of `command` (a pidfd) has ended.
Status AnswerAll(int listener, int command, const std::vector<Rule>& rules) {
  auto records = Records::Make();
  if (!records) return records.error();
  while (true) {
    std::array<pollfd, 2> events = {{{listener, POLLIN, 0}, {command, POLLIN, 0}}};
    if (poll(events.data(), events.size(), -1) < 0 && errno != EINTR) return SystemError("poll");
    if (events[1].revents != 0) return {};
    if ((events[0].revents & POLLIN) == 0) continue;
    if (const auto answered = AnswerOne(listener, rules, *records); !answered) return answered;
  }
}

// The child: takes the listener over from its parent, whose number of it comes through `parent`, and serves.
Status Supervise(UniqueFd parent, const std::vector<Rule>& rules) {
  setsid();  // what a terminal or a test sends to the command's group is not for this process
  const UniqueFd command(static_cast<int>(syscall(SYS_pidfd_open, getppid(), 0)));
  if (!command.valid()) return SystemError("pidfd_open");
  int number = -1;
  if (read(parent.get(), &number, sizeof number) != sizeof number) return {};  // it has failed, and said so
  const UniqueFd listener(static_cast<int>(syscall(SYS_pidfd_getfd, command.get(), number, 0)));
  if (!listener.valid()) return SystemError("pidfd_getfd");
  if (send(parent.get(), &number, sizeof number, MSG_NOSIGNAL) != sizeof number) return SystemError("tell the parent");
  parent.Reset();
  return AnswerAll(listener.get(), command.get(), rules);
}

// The parent: puts itself under the filter once the child listens, and becomes the command.
Status Become(const std::vector<std::string>& command, const UniqueFd& child) {
  const auto listener = ListenToBpfCalls();
  if (!listener) return listener.error();
  int number = listener->get();
  if (send(child.get(), &number, sizeof number, MSG_NOSIGNAL) != sizeof number) return SystemError("tell the child");
  if (read(child.get(), &number, sizeof number) != sizeof number) return MakeError("the child has failed");
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  return SystemError("run " + command[0]);
}

int Fail(const Error& error, int status = kOwnFailure) {
  std::cerr << "refuse: " << error.message << "\n";
  return status;
}

int Main(int argc, char** argv) {
  const auto line = ParseCommandLine({argv + 1, argv + argc});
  if (!line) {
    std::cerr << "refuse: " << line.error().message << "\n" << kUsage;
    return kOwnFailure;
  }
  std::array<int, 2> ends = {};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return Fail(SystemError("socketpair"));
  UniqueFd parent(ends[0]), child(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) return Fail(SystemError("fork"));
  if (pid == 0) {
    child.Reset();
    const auto supervised = Supervise(std::move(parent), line->rules);
    return supervised ? 0 : Fail(supervised.error());
  }
  parent.Reset();
  const auto failed = Become(line->command, child);
  return Fail(failed.error(), failed.error().code == ENOENT ? kNoCommand : kOwnFailure);
}

}  // namespace
}  // namespace brahe::refusals

int main(int argc, char** argv) { return brahe::refusals::Main(argc, argv); }
