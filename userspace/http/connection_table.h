#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "userspace/base/clock.h"
#include "userspace/http/exchange.h"
#include "userspace/http/http_limits.h"

namespace brahe::http {

class TlsContext;

// Knows what each connection is at, and ends those that take too long or whose place is needed: their sockets are shut
// down, which the connection's own thread notices and closes them. A socket must not be closed before Closed has
// returned, so that none is shut down whose descriptor has become another's. Safe to call from any thread.
class ConnectionTable {
 public:
  enum class State { kWaiting, kIdle, kAnswering };  // in the order in which they lose their places

  struct Connection {
    int fd;
    State state = State::kWaiting;
    Nanoseconds since;               // when the state began
    bool started = false;            // its thread has it
    bool ended = false;              // shut down
    bool refused = false;            // its request is answered because the server stops
    std::optional<uid_t> user = {};  // at the other end of a Unix socket
    // The rest is for the connection's own thread.
    std::shared_ptr<Exchange> exchange = {};  // of the request that is being answered
    std::shared_ptr<const TlsContext> tls = {};
    const char* target_end = nullptr;                                 // of the request that is read; see RequestFault
    std::shared_ptr<const void> presence = std::make_shared<char>();  // lives as long as this; see HttpRequest
    std::function<void()> delivered = {};                             // of the response that is sent; see HttpResponse
  };

  ConnectionTable(const HttpLimits& limits, const Clock& clock) : limits_(limits), clock_(clock) {}

  // For the thread that accepts connections. Takes in a socket that is given to its thread next; false if there is no
  // place for it. `user`: who is at the other end of a Unix socket.
  bool Admit(int fd, std::optional<uid_t> user = std::nullopt);
  // Undoes Admit where that failed.
  void Withdraw(int fd);
  // Ends what has passed its limit.
  void EndOverdue();
  // Ends the one that is to lose its place first. False if none is to.
  bool EndOne();
  [[nodiscard]] bool empty() const;

  // For the connection's own thread. Started gives what the other calls take; null if the socket is not known any more.
  Connection* Started(int fd);
  void Begin(Connection& connection);     // a request is there
  void Finished(Connection& connection);  // its answer has gone
  void Closed(Connection& connection);    // nothing more of it; it is destroyed

  // Answers 503 to the requests that wait for an answer and to all later ones; returns when the former have gone, or
  // after half a second.
  void Stop();

 private:
  [[nodiscard]] Nanoseconds LimitOf(State state) const;
  // Of `user`, or with nullopt of all.
  [[nodiscard]] size_t Live(std::optional<uid_t> user = std::nullopt) const;
  [[nodiscard]] bool IsFull() const { return Live() >= limits_.connections; }
  [[nodiscard]] bool IsFullFor(std::optional<uid_t> user) const;
  [[nodiscard]] bool OnTheWay() const;
  bool EndFirstLocked(std::optional<uid_t> user = std::nullopt);
  static void End(Connection& connection);

  const HttpLimits limits_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::unordered_map<int, Connection> connections_;  // by descriptor
};

}  // namespace brahe::http
