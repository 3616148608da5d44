#pragma once

#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/result.h"

namespace brahe::top {

// SIGINT, SIGTERM, SIGHUP and SIGWINCH, blocked in the thread that makes it and in all that it starts from then on,
// and read here instead. What is ignored (nohup) stays so.
class Signals {
 public:
  static Result<Signals> Block();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // What came since it was asked last, when fd() is readable.
  struct Seen {
    bool end = false;
    bool resize = false;
  };
  [[nodiscard]] Seen Read() const;

 private:
  explicit Signals(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace brahe::top
