#include "userspace/http/local_peer.h"

#include <sys/socket.h>

#include <cerrno>

namespace brahe::http {
namespace {

std::optional<ucred> CredentialsOf(int fd) {
  int family = 0;
  socklen_t size = sizeof family;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0 || family != AF_UNIX) return std::nullopt;
  ucred peer{};
  size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || size != sizeof peer) return std::nullopt;
  if (peer.uid == static_cast<uid_t>(-1)) return std::nullopt;  // it is connected to nobody
  return peer;
}

// Linux 4.13. None where the kernel does not tell them, so that nobody gets in by them.
std::vector<gid_t> SupplementaryGroupsOf(int fd) {
  std::vector<gid_t> groups(32);
  for (;;) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const int result = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
    if (result != 0 && errno != ERANGE) return {};
    groups.resize(size / sizeof(gid_t));  // as many as there are
    if (result == 0) return groups;
  }
}

}  // namespace

std::optional<LocalPeer> LocalPeerOf(int fd) {
  const std::optional<ucred> credentials = CredentialsOf(fd);
  if (!credentials) return std::nullopt;
  LocalPeer peer{.uid = credentials->uid, .groups = {credentials->gid}};
  const std::vector<gid_t> others = SupplementaryGroupsOf(fd);
  peer.groups.insert(peer.groups.end(), others.begin(), others.end());
  return peer;
}

std::optional<uid_t> LocalUserOf(int fd) {
  const std::optional<ucred> credentials = CredentialsOf(fd);
  return credentials ? std::optional(credentials->uid) : std::nullopt;
}

}  // namespace brahe::http
