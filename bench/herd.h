#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::bench {

// Many processes that are all alive at once: children of this one, which have little but what they share with it.
// Killed at the end, and when this process dies. Not thread-safe.
class Herd {
 public:
  // The i-th of `count` children runs `live(i)` and leaves when that returns. An Error if there cannot be so many; none
  // is left then.
  static Result<Herd> Start(size_t count, const std::function<void(size_t)>& live);
  Herd(Herd&& other) noexcept = default;
  Herd& operator=(Herd&&) = delete;
  ~Herd();

  [[nodiscard]] const std::vector<pid_t>& pids() const { return pids_; }

 private:
  Herd() = default;

  std::vector<pid_t> pids_;
};

// The whole of a program that is a herd: says "ready" on standard output as soon as all are there, and ends when its
// standard input is closed. Returns the exit status; what failed stands on standard error.
int KeepHerd(const char* program, size_t count, const std::function<void(size_t)>& live);

}  // namespace brahe::bench
