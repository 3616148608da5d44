#include "userspace/http/acceptor.h"

#include <glog/logging.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "userspace/base/clock.h"
#include "userspace/http/local_peer.h"

namespace brahe::http {
namespace {

// In a row from one socket, so that a crowd at one address does not keep others waiting.
constexpr int kBatch = 16;
constexpr int kPauseMs = 100;

int TickOf(const HttpLimits& limits) {
  const Nanoseconds shortest = std::min({limits.first_request, limits.idle, limits.answer});
  return static_cast<int>(std::clamp((shortest / 10).value / Milliseconds(1).value, uint64_t{1}, uint64_t{1000}));
}

}  // namespace

Result<std::unique_ptr<Acceptor>> Acceptor::Start(std::vector<ListenSocket> sockets, const HttpLimits& limits,
                                                  ConnectionTable& table, Take take) {
  UniqueFd stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop.valid()) return SystemError("accept connections: eventfd", errno);
  return std::unique_ptr<Acceptor>(
      new Acceptor(std::move(sockets), std::move(stop), TickOf(limits), table, std::move(take)));
}

Acceptor::Acceptor(std::vector<ListenSocket> sockets, UniqueFd stop, int tick_ms, ConnectionTable& table, Take take)
    : sockets_(std::move(sockets)),
      stop_(std::move(stop)),
      tick_ms_(tick_ms),
      table_(table),
      take_(std::move(take)),
      thread_([this] { Run(); }) {}

Acceptor::~Acceptor() {
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

void Acceptor::Run() {
  std::vector<pollfd> files = {{.fd = stop_.get(), .events = POLLIN, .revents = 0}};
  for (const ListenSocket& socket : sockets_) files.push_back({.fd = socket.fd.get(), .events = POLLIN, .revents = 0});
  while (files[0].revents == 0) {
    for (size_t i = 1; i < files.size(); ++i) {
      if (files[i].revents != 0) AcceptFrom(files[i].fd);
      files[i].revents = 0;
    }
    table_.EndOverdue();
    const bool paused = SystemClock().Now() < pause_until_;
    if (paused) {
      poll(files.data(), 1, kPauseMs);
    } else {
      poll(files.data(), files.size(), table_.empty() ? -1 : tick_ms_);
    }
  }
}

void Acceptor::AcceptFrom(int listener) {
  for (int i = 0; i < kBatch; ++i) {
    AcceptedSocket socket;
    auto* const peer = reinterpret_cast<sockaddr*>(&socket.peer);
    socket.fd.Reset(accept4(listener, peer, &socket.peer_size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.fd.valid()) {
      Handle(std::move(socket));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      LOG_EVERY_T(WARNING, 60) << "http: accept: " << strerror(errno) << "; a client waits until another has left";
      table_.EndOne();
      pause_until_ = SystemClock().Now() + Milliseconds(kPauseMs);
      return;
    } else if (errno == EAGAIN) {
      return;
    }  // else that client is gone, and there may be more
  }
}

void Acceptor::Handle(AcceptedSocket socket) {
  const int fd = socket.fd.get();
  if (table_.Admit(fd, LocalUserOf(fd)) && !take_(std::move(socket))) table_.Withdraw(fd);
}

}  // namespace brahe::http
