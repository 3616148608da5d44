#include "userspace/http/connection_table.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <tuple>

namespace brahe::http {
namespace {

// How long a new connection's thread, or that of one that was ended, may take until it is not waited for.
constexpr std::chrono::milliseconds kPatience(100);
constexpr std::chrono::milliseconds kFarewell(500);

}  // namespace

bool ConnectionTable::Admit(int fd, std::optional<uid_t> user) {
  std::unique_lock lock(mutex_);
  // A crowd of new connections comes no faster than the threads take them and let go of the displaced ones, so that
  // there are never many more than the limit, and one that has just come is not refused because its like could not be
  // displaced yet.
  if (IsFull() || IsFullFor(user)) changed_.wait_for(lock, kPatience, [this] { return !OnTheWay(); });
  if (IsFullFor(user) && !EndFirstLocked(user)) return false;
  if (IsFull() && !EndFirstLocked()) return false;
  connections_.insert_or_assign(fd, Connection{.fd = fd, .since = clock_.Now(), .user = user});
  return true;
}

void ConnectionTable::Withdraw(int fd) {
  const std::lock_guard lock(mutex_);
  connections_.erase(fd);
}

void ConnectionTable::EndOverdue() {
  const std::lock_guard lock(mutex_);
  const Nanoseconds now = clock_.Now();
  for (auto next = connections_.begin(); next != connections_.end();) {
    Connection& connection = next->second;
    const bool overdue = !connection.ended && now - connection.since >= LimitOf(connection.state);
    if (overdue && !connection.started) {
      // The server closed it without a word, for want of memory; the descriptor may be another's.
      next = connections_.erase(next);
      continue;
    }
    if (overdue) End(connection);
    ++next;
  }
}

bool ConnectionTable::EndOne() {
  const std::lock_guard lock(mutex_);
  return EndFirstLocked();
}

bool ConnectionTable::empty() const {
  const std::lock_guard lock(mutex_);
  return connections_.empty();
}

ConnectionTable::Connection* ConnectionTable::Started(int fd) {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(fd);
  if (found == connections_.end()) return nullptr;
  found->second.started = true;
  changed_.notify_all();
  return &found->second;
}

void ConnectionTable::Begin(Connection& connection) {
  const std::lock_guard lock(mutex_);
  connection.state = State::kAnswering;
  connection.since = clock_.Now();
  connection.exchange = std::make_shared<Exchange>();
  if (stopping_) connection.exchange->Answer({.status = 503, .body = "stopping\n"});
}

void ConnectionTable::Finished(Connection& connection) {
  std::shared_ptr<Exchange> finished;
  {
    const std::lock_guard lock(mutex_);
    connection.state = State::kIdle;
    connection.since = clock_.Now();
    connection.refused = false;
    finished.swap(connection.exchange);
    changed_.notify_all();
  }
  if (finished) finished->Finish();
}

void ConnectionTable::Closed(Connection& connection) {
  std::shared_ptr<const TlsContext> tls;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  tls.swap(connection.tls);
  connections_.erase(connection.fd);
  changed_.notify_all();
}

void ConnectionTable::Stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (auto& [fd, connection] : connections_) {
    if (connection.exchange) connection.refused = connection.exchange->Answer({.status = 503, .body = "stopping\n"});
  }
  changed_.wait_for(lock, kFarewell, [this] {
    return std::none_of(connections_.begin(), connections_.end(),
                        [](const auto& entry) { return entry.second.refused; });
  });
}

Nanoseconds ConnectionTable::LimitOf(State state) const {
  switch (state) {
    case State::kWaiting:
      return limits_.first_request;
    case State::kIdle:
      return limits_.idle;
    case State::kAnswering:
      break;
  }
  return limits_.answer;
}

size_t ConnectionTable::Live(std::optional<uid_t> user) const {
  return static_cast<size_t>(std::count_if(connections_.begin(), connections_.end(), [user](const auto& entry) {
    return !entry.second.ended && (!user || entry.second.user == user);
  }));
}

bool ConnectionTable::IsFullFor(std::optional<uid_t> user) const {
  return user && limits_.of_one_user > 0 && Live(user) >= limits_.of_one_user;
}

bool ConnectionTable::OnTheWay() const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& entry) { return !entry.second.started || entry.second.ended; });
}

bool ConnectionTable::EndFirstLocked(std::optional<uid_t> user) {
  const Nanoseconds now = clock_.Now();
  Connection* first = nullptr;
  for (auto& [fd, connection] : connections_) {
    if (!connection.started || connection.ended || (user && connection.user != user)) continue;
    if (connection.state == State::kAnswering && now - connection.since < limits_.giving_way) continue;
    if (!first || std::tie(connection.state, connection.since) < std::tie(first->state, first->since)) {
      first = &connection;
    }
  }
  if (first) End(*first);
  return first != nullptr;
}

void ConnectionTable::End(Connection& connection) {
  connection.ended = true;
  shutdown(connection.fd, SHUT_RDWR);
  // Its thread does not look at the socket while it waits for an answer.
  if (connection.exchange) connection.exchange->Answer({.status = 503, .body = "too late\n"});
}

}  // namespace brahe::http
