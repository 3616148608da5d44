#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "userspace/base/local_rule.h"
#include "userspace/base/result.h"
#include "userspace/http/http_message.h"

namespace brahe::web {

// Who may ask over the local socket, in numbers.
struct LocalGuests {
  bool everyone = false;
  std::set<uid_t> users = {};
  std::set<gid_t> groups = {};

  [[nodiscard]] bool Have(const http::LocalPeer& peer) const;
};

// Where the numbers of `rules` are looked up. A name that nobody has lets nobody in, and is warned of.
LocalGuests GuestsOf(const std::vector<LocalRule>& rules);

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
