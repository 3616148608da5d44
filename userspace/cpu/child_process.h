#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "userspace/base/units.h"

namespace brahe::cpu {

// Uses CPU time until this thread has used `time` of it since the call.
void Burn(Nanoseconds time);

// Keeps this thread on one CPU, or ends the process.
void StayOn(uint32_t cpu);

// A child of a test that runs `work` and leaves. Killed at the end if it still runs. Not thread-safe.
class ChildProcess {
 public:
  explicit ChildProcess(const std::function<void()>& work);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const { return pid_; }
  void Kill();
  // Waits for the end and returns the CPU time that the kernel's own books (wait4) give to the child and its threads.
  Nanoseconds Wait();

 private:
  pid_t pid_ = -1;
  bool running_ = false;
};

// Runs `work(i)` for i = 0, 1, ... in one child each, `at_once` children side by side, until `duration` has passed.
// Returns how many there were.
size_t RunChildren(Nanoseconds duration, size_t at_once, const std::function<void(size_t)>& work);

}  // namespace brahe::cpu
