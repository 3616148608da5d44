#pragma once

#include <sys/types.h>

#include <string_view>

#include "userspace/base/file.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe::terminal {

// Writes to a descriptor that somebody else owns and shares, such as stdout, however long its reader keeps us waiting,
// and stops at once when told so. The flags of the shared file description are left alone: pipes, terminals and devices
// are opened once more, sockets are written to without waiting. Where a pipe or terminal may not be opened (it is
// another user's), poll says when a small piece fits, and a writer beside us can take that place first and make Write
// and so the end of the process wait for the reader. All but Stop belong to one thread; Stop to any.
class StoppableWriter {
 public:
  explicit StoppableWriter(int fd);
  StoppableWriter(const StoppableWriter&) = delete;
  StoppableWriter& operator=(const StoppableWriter&) = delete;

  enum class Outcome { kWritten, kStopped };
  // All of `text`, or until Stop.
  Result<Outcome> Write(std::string_view text);

  // Returns true after `duration`, false at once when it is stopped.
  [[nodiscard]] bool Sleep(Nanoseconds duration) const;
  void Stop();

  [[nodiscard]] int fd() const { return fd_; }

 private:
  // Waits until the descriptor takes more: false when stopped.
  [[nodiscard]] bool WaitForPlace() const;
  [[nodiscard]] ssize_t WriteSome(std::string_view text) const;

  const int fd_;
  UniqueFd own_;  // the same file, non-blocking; none for what never blocks, for sockets and where it may not be opened
  bool is_socket_ = false;
  UniqueFd stop_;  // an eventfd, readable once stopped
};

}  // namespace brahe::terminal
