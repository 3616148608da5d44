#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/http/local_peer.h"

namespace brahe::web {

// Who may ask over the local socket, in numbers.
struct LocalGuests {
  bool everyone = false;
  std::set<uid_t> users = {};
  std::set<gid_t> groups = {};

  [[nodiscard]] bool Have(const http::LocalPeer& peer) const;
};

// Whom the rows of `setting` let in. A name that nobody has lets nobody in, and is warned of.
// The Error is of a row that is none, and names the setting.
Result<LocalGuests> GuestsOf(const std::string& setting, const std::vector<std::string>& allow);

}  // namespace brahe::web
