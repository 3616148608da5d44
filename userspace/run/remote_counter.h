#pragma once

#include <memory>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/run/counter.h"
#include "userspace/run/counter_messages.h"
#include "userspace/run/line_socket.h"

namespace brahe::run {

// Has commands counted by a service (see ServeCounts) that listens on a Unix socket, so that this process needs no
// rights.
class RemoteCounter final : public Counter {
 public:
  // The Error says what to do. `clock` must outlive this object.
  static Result<std::unique_ptr<RemoteCounter>> Connect(const std::string& path, const Clock& clock);

  [[nodiscard]] const Origin& origin() const override { return origin_; }
  Status Begin(pid_t held) override;
  Status HasBegun() override { return {}; }
  [[nodiscard]] int Fd() const override { return -1; }
  // For the processes that may have ended without a word: an orphan may have another parent than the runner.
  [[nodiscard]] Nanoseconds Due() const override { return clock_.Now() + Milliseconds(100); }
  void Serve(bool /*readable*/) override {}
  Result<std::vector<LeftProcess>> Processes() override;
  Result<RunFigures> End(Nanoseconds elapsed) override;
  void Abandon() override;

 private:
  RemoteCounter(LineSocket socket, Origin origin, const Clock& clock)
      : clock_(clock), socket_(std::move(socket)), origin_(std::move(origin)) {}
  Result<Answer> Ask(const Question& question, int file = -1);

  const Clock& clock_;
  LineSocket socket_;
  const Origin origin_;
};

}  // namespace brahe::run
