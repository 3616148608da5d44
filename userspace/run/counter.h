#pragma once

#include <sys/types.h>

#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/run/figures.h"

namespace brahe::run {

// Counts what commands use, one after the other. Not thread-safe.
class Counter {
 public:
  Counter() = default;
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;
  virtual ~Counter() = default;

  [[nodiscard]] virtual const Origin& origin() const = 0;

  // Counts `held`, a process that has not begun, and all that it will start. What the node has used before counts no
  // more once this returns: to be let go at once.
  virtual Status Begin(pid_t held) = 0;
  // To be called when it was let go.
  virtual Status HasBegun() = 0;
  // Until End or Abandon, Serve is to be called when this is readable (-1: it never is) and when it is due.
  [[nodiscard]] virtual int Fd() const = 0;
  [[nodiscard]] virtual Nanoseconds Due() const = 0;
  virtual void Serve(bool readable) = 0;
  // The command and all that it has started, as far as they live.
  virtual Result<std::vector<LeftProcess>> Processes() = 0;
  // Ends the count of a command that took `elapsed`. Its exit status is not known here.
  virtual Result<RunFigures> End(Nanoseconds elapsed) = 0;
  // Ends it where it came to nothing.
  virtual void Abandon() = 0;
};

}  // namespace brahe::run
