#include "userspace/http/exchange.h"

#include <utility>

namespace brahe::http {

bool Exchange::Answer(HttpResponse answer) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(answered_, true)) return false;
  answer_ = std::move(answer);
  // Under the lock, so that the connection, and with it the daemon, cannot go before this is over.
  if (suspended_) MHD_resume_connection(std::exchange(suspended_, nullptr));
  return true;
}

std::optional<HttpResponse> Exchange::TakeOrSuspend(MHD_Connection* connection) {
  const std::lock_guard lock(mutex_);
  // Once answered it must not be suspended, taken or not: a daemon that stops asks again, because it drops the answer,
  // and does not bear that a connection waits.
  if (answered_) return std::exchange(answer_, std::nullopt);
  MHD_suspend_connection(connection);
  suspended_ = connection;
  return std::nullopt;
}

void Exchange::Finish() {
  std::optional<HttpResponse> dropped;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  answered_ = true;
  suspended_ = nullptr;
  dropped.swap(answer_);
}

}  // namespace brahe::http
