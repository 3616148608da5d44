// refuse RULE... -- COMMAND...: becomes the command, as seen by a kernel that refuses it some calls of bpf(2), like a
// security module, a lockdown or an older kernel does. Prints nothing unless it fails itself: then it exits 2, or 127
// where the command cannot be run. For tests; needs root and Linux 5.9.
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/e2e/refusal_rules.h"
#include "userspace/e2e/supervised_command.h"

namespace brahe::refusals {
namespace {

using supervision::Answer;
using supervision::Decide;
using supervision::ReadMemory;

constexpr size_t kMostInstructions = 1 << 20;  // the kernel takes no more

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

Result<Answer> AnswerTo(const seccomp_notif& notice, const std::vector<Rule>& rules) {
  const auto call = ReadCall(notice);
  // What the caller's memory does not hold, the kernel will not find there either.
  if (!call && call.error().code != EFAULT) return call.error();
  return Answer{.error = call ? ErrorOf(rules, *call) : 0};
}

int Main(int argc, char** argv) {
  const auto line = ParseCommandLine({argv + 1, argv + argc});
  if (!line) {
    std::cerr << "refuse: " << line.error().message << "\n" << kUsage;
    return supervision::kOwnFailure;
  }
  const Decide decide = [&](const seccomp_notif& notice) { return AnswerTo(notice, line->rules); };
  return supervision::RunSupervised({.name = "refuse", .calls = {SYS_bpf}, .command = line->command, .begin = [&] {
                                       return Result<Decide>(decide);
                                     }});
}

}  // namespace
}  // namespace brahe::refusals

int main(int argc, char** argv) { return brahe::refusals::Main(argc, argv); }
