#include "userspace/terminal/stoppable_writer.h"

#include <fcntl.h>
#include <glog/logging.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace brahe::terminal {
namespace {

// Where poll says that a pipe or terminal takes more, it takes this much at least.
constexpr size_t kSmallPiece = 256;

timespec ToTimespec(Nanoseconds duration) {
  return {static_cast<time_t>(duration.value / 1'000'000'000), static_cast<long>(duration.value % 1'000'000'000)};
}

}  // namespace

StoppableWriter::StoppableWriter(int fd) : fd_(fd), stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  PCHECK(stop_.valid()) << "eventfd";
  struct stat file = {};
  if (fstat(fd, &file) != 0 || S_ISREG(file.st_mode)) return;  // a bad descriptor shows in Write
  is_socket_ = S_ISSOCK(file.st_mode);
  if (is_socket_) return;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  own_.Reset(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!own_.valid()) PLOG(INFO) << "stdout cannot be opened again; a blocked reader may delay the end: " << path;
}

Result<StoppableWriter::Outcome> StoppableWriter::Write(std::string_view text) {
  while (!text.empty()) {
    if (!WaitForPlace()) return Outcome::kStopped;
    const ssize_t written = WriteSome(text);
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EAGAIN && errno != EINTR) {
      return SystemError("write to stdout");
    }
  }
  return Outcome::kWritten;
}

bool StoppableWriter::WaitForPlace() const {
  pollfd fds[] = {{stop_.get(), POLLIN, 0}, {own_.valid() ? own_.get() : fd_, POLLOUT, 0}};
  while (poll(fds, 2, -1) < 0 && errno == EINTR) {
  }
  return fds[0].revents == 0;
}

ssize_t StoppableWriter::WriteSome(std::string_view text) const {
  if (is_socket_) return send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (own_.valid()) return write(own_.get(), text.data(), text.size());
  return write(fd_, text.data(), std::min(text.size(), kSmallPiece));
}

bool StoppableWriter::Sleep(Nanoseconds duration) const {
  pollfd stopped = {stop_.get(), POLLIN, 0};
  const timespec time = ToTimespec(duration);
  int ready = -1;
  while ((ready = ppoll(&stopped, 1, &time, nullptr)) < 0 && errno == EINTR) {
  }
  return ready == 0;
}

void StoppableWriter::Stop() {
  const uint64_t one = 1;
  PCHECK(write(stop_.get(), &one, sizeof one) == sizeof one) << "eventfd";
}

}  // namespace brahe::terminal
