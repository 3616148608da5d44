#pragma once

#include <linux/seccomp.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"

// A command of whose system calls seccomp tells another process, which decides on them. That reads the arguments from
// the command's memory, and nothing keeps the command from changing them after that: this is no means of security.
// Needs root and Linux 5.9.
namespace brahe::supervision {

constexpr int kOwnFailure = 2;

// What comes of a call.
struct Answer {
  int error = 0;           // errno; 0: none
  int64_t value = -1;      // what it returns without having been made; below 0, and without an error: it is made
  Nanoseconds delay = {};  // before any of that
};

// Called for one call at a time; an Error ends the supervision, and lets each call that waits for an answer fail.
using Decide = std::function<Result<Answer>(const seccomp_notif& call)>;

struct SupervisedCommand {
  const char* name = "";    // of this program, for its errors
  std::vector<int> calls;   // the numbers of those that are decided on
  bool all_others = false;  // or of those that are not, as all others are
  std::vector<std::string> command;
  // Called in the supervisor before the command runs.
  std::function<Result<Decide>()> begin;
};

// Becomes the command, which keeps this process, with its pid, signals and exit status. A child, which lives as long,
// decides. Returns an exit status in the child, and where it fails: kOwnFailure, or 127 where the command cannot be
// run.
int RunSupervised(const SupervisedCommand& what);

// Says an error of the program `name`, and returns `status`.
int Fail(const char* name, const Error& error, int status = kOwnFailure);

// Copies from or to another thread's memory; an Error of EFAULT where it has none.
Status ReadMemory(pid_t thread, uint64_t address, void* target, size_t bytes);
Status WriteMemory(pid_t thread, uint64_t address, const void* source, size_t bytes);

}  // namespace brahe::supervision
