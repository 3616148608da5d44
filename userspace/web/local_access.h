#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/http/http_message.h"
#include "userspace/web/local_guests.h"

namespace brahe::web {

// Who is let in at the local socket: whom web.localSocket.allow names, and who this process is. They are asked for
// nothing more; the others get 403 and one line. Any thread; must outlive the server that it stands before.
class LocalAccess {
 public:
  // `allow`: rows of the setting. The Error is of one that is none.
  static Result<std::unique_ptr<LocalAccess>> Make(const std::vector<std::string>& allow);

  // From the next request on. On an Error the old holds.
  Status Allow(const std::vector<std::string>& allow);
  http::HttpHandler Guard(http::HttpHandler handler);

 private:
  LocalAccess() = default;
  [[nodiscard]] std::shared_ptr<const LocalGuests> Current();

  std::mutex mutex_;
  std::shared_ptr<const LocalGuests> guests_;
};

}  // namespace brahe::web
