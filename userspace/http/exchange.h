#pragma once

#include <microhttpd.h>

#include <mutex>
#include <optional>

#include "userspace/http/http_message.h"

namespace brahe::http {

// What a request's Responder and its connection share: the first answer that is given, by any thread, and the
// connection while it waits for that. The connection's thread must call Finish before the connection goes.
class Exchange {
 public:
  // Keeps the answer and wakes the connection if it waits. False, and nothing, if there was an answer before.
  bool Answer(HttpResponse answer);
  // The answer, once; nothing where that was taken. Before there is one, nothing and `connection` is suspended, to be
  // woken by it.
  std::optional<HttpResponse> TakeOrSuspend(MHD_Connection* connection);
  // Drops an answer that nobody took; later ones do nothing.
  void Finish();

 private:
  std::mutex mutex_;
  bool answered_ = false;
  std::optional<HttpResponse> answer_;
  MHD_Connection* suspended_ = nullptr;
};

}  // namespace brahe::http
