#pragma once

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/base/result.h"
#include "userspace/http/connection_table.h"
#include "userspace/http/listen_socket.h"

namespace brahe::http {

// A socket and who is at its other end.
struct AcceptedSocket {
  UniqueFd fd;
  sockaddr_storage peer = {};
  socklen_t peer_size = sizeof(sockaddr_storage);
};

// A thread that accepts connections on all sockets, gives those that `table` admits to `take`, and ends what is overdue
// there. `take` owns the socket, and says false if it has closed it at once.
class Acceptor {
 public:
  using Take = std::function<bool(AcceptedSocket socket)>;

  // The Error is that of eventfd.
  static Result<std::unique_ptr<Acceptor>> Start(std::vector<ListenSocket> sockets, const HttpLimits& limits,
                                                 ConnectionTable& table, Take take);
  ~Acceptor();

 private:
  Acceptor(std::vector<ListenSocket> sockets, UniqueFd stop, int tick_ms, ConnectionTable& table, Take take);
  void Run();
  void AcceptFrom(int listener);
  void Handle(AcceptedSocket socket);

  const std::vector<ListenSocket> sockets_;
  const UniqueFd stop_;  // an eventfd
  const int tick_ms_;    // how late the end of what is overdue may be
  ConnectionTable& table_;
  const Take take_;
  Nanoseconds pause_until_;  // nothing is accepted before
  std::thread thread_;
};

}  // namespace brahe::http
