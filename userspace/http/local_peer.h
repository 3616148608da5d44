#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

namespace brahe::http {

// Who connected to a Unix socket: the effective user and the groups of the process at that time, by the kernel's word.
// In a user namespace those that it does not know are 65534 (/proc/sys/kernel/overflowuid).
struct LocalPeer {
  uid_t uid = 0;
  std::vector<gid_t> groups = {};  // the effective one first, then the supplementary ones
};

// Of a connection. nullopt: it is none of a Unix socket.
std::optional<LocalPeer> LocalPeerOf(int fd);

// Its user alone.
std::optional<uid_t> LocalUserOf(int fd);

}  // namespace brahe::http
