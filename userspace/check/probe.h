#pragma once

#include <sys/types.h>

#include <optional>

#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe::check {

// CPU time that this process has used, without that of its children.
Nanoseconds OwnCpuTime();

// A child process that does nothing but use CPU time, and then ends. Not thread-safe.
class Probe {
 public:
  // Forks it; it will use `cpu_time`. There are no other threads.
  static Result<Probe> Start(Nanoseconds cpu_time);
  Probe(Probe&& other) noexcept;
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  // Ends it.
  ~Probe();

  [[nodiscard]] pid_t pid() const { return pid_; }
  // What it has used in all, by the kernel; nullopt as long as it lives.
  [[nodiscard]] std::optional<Nanoseconds> Used();

 private:
  explicit Probe(pid_t pid) : pid_(pid), alive_(true) {}

  pid_t pid_ = 0;
  bool alive_ = false;
  std::optional<Nanoseconds> used_;
};

}  // namespace brahe::check
