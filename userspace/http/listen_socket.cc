#include "userspace/http/listen_socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

namespace brahe::http {
namespace {

constexpr int kBacklog = 1024;

struct HostPort {
  std::string host;  // empty: every address
  std::string port;
};

std::optional<HostPort> Split(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  HostPort parts{address.substr(0, colon), address.substr(colon + 1)};
  const Result<uint64_t> port = ParseUint64(parts.port);
  if (!port || *port > UINT16_MAX) return std::nullopt;
  std::string& host = parts.host;
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (host.empty()) return std::nullopt;
  } else if (host.find(':') != std::string::npos) {
    return std::nullopt;
  }
  return parts;
}

Error CannotListen(const std::string& address, int code) {
  std::string remedy = "choose another with --web.listen-address";
  if (code == EADDRINUSE) remedy = "stop the other process or " + remedy;
  if (code == EACCES) remedy = "grant CAP_NET_BIND_SERVICE or " + remedy;
  return {code, SystemError("listen on " + address, code).message + "; " + remedy};
}

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Result<AddressList> Resolve(const std::string& address, const HostPort& parts, int family) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const char* host = parts.host.empty() ? nullptr : parts.host.c_str();
  const int code = getaddrinfo(host, parts.port.c_str(), &hints, &found);
  if (code == EAI_SYSTEM) return CannotListen(address, errno);
  if (code != 0) {
    return MakeError("listen on " + address + ": " + gai_strerror(code) + "; choose another with --web.listen-address");
  }
  return AddressList(found, &freeaddrinfo);
}

uint16_t PortOf(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                                           : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
}

Result<ListenSocket> ListenOn(const std::string& address, const addrinfo& where) {
  UniqueFd fd(socket(where.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return CannotListen(address, errno);
  const int on = 1;
  const int off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (where.ai_family == AF_INET6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  if (bind(fd.get(), where.ai_addr, where.ai_addrlen) != 0 || listen(fd.get(), kBacklog) != 0) {
    return CannotListen(address, errno);
  }
  const uint16_t port = PortOf(fd.get());
  return ListenSocket{std::move(fd), port};
}

// Of the socket; -1 where it has none, or is no socket.
int SocketOption(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

Result<ListenSocket> TakeOver(UniqueFd fd) {
  const int family = SocketOption(fd.get(), SO_DOMAIN);
  const bool is_tcp = (family == AF_INET || family == AF_INET6) && SocketOption(fd.get(), SO_TYPE) == SOCK_STREAM;
  if (!is_tcp || SocketOption(fd.get(), SO_ACCEPTCONN) != 1) {
    return MakeError("descriptor " + std::to_string(fd.get()) +
                     ", which the service manager has passed, is not a TCP socket that is listened on; of a "
                     "systemd.socket(5) give a port or an address and port as ListenStream=, and no Accept=yes");
  }
  const int flags = fcntl(fd.get(), F_GETFL);
  if (flags == -1 || fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) {
    return SystemError("fcntl of descriptor " + std::to_string(fd.get()));
  }
  const uint16_t port = PortOf(fd.get());
  return ListenSocket{std::move(fd), port};
}

Result<ListenSocket> ListenInFamily(const std::string& address, const HostPort& parts, int family) {
  const Result<AddressList> found = Resolve(address, parts, family);
  if (!found) return found.error();
  return ListenOn(address, *PreferredAddress(found->get()));
}

}  // namespace

SocketFile::~SocketFile() {
  struct stat now {};
  const bool is_ours = lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_;
  if (is_ours) unlink(path_.c_str());  // where that is not allowed any more, the next start replaces it
}

const addrinfo* PreferredAddress(const addrinfo* list) {
  for (const addrinfo* address = list; address != nullptr; address = address->ai_next) {
    if (address->ai_family == AF_INET) return address;
  }
  return list;
}

Result<ListenSocket> Listen(const std::string& address) {
  const std::optional<HostPort> parts = Split(address);
  if (!parts) {
    return MakeError("listen on " + address +
                     ": not an address and port; give --web.listen-address as host:port, [v6]:port or :port");
  }
  if (!parts->host.empty()) return ListenInFamily(address, *parts, AF_UNSPEC);
  Result<ListenSocket> dual_stack = ListenInFamily(address, *parts, AF_INET6);
  // A kernel without IPv6, or with the whole of it switched off.
  const bool no_ipv6 =
      !dual_stack && (dual_stack.error().code == EAFNOSUPPORT || dual_stack.error().code == EADDRNOTAVAIL);
  return no_ipv6 ? ListenInFamily(address, *parts, AF_INET) : std::move(dual_stack);
}

Result<std::vector<ListenSocket>> ListenOn(const std::vector<std::string>& addresses) {
  std::vector<ListenSocket> sockets;
  for (const std::string& address : addresses) {
    auto socket = Listen(address);
    if (!socket) return socket.error();
    sockets.push_back(*std::move(socket));
  }
  return sockets;
}

Result<std::vector<ListenSocket>> TakeOver(std::vector<UniqueFd> fds) {
  std::vector<ListenSocket> sockets;
  for (UniqueFd& fd : fds) {
    auto socket = TakeOver(std::move(fd));
    if (!socket) return socket.error();
    sockets.push_back(*std::move(socket));
  }
  return sockets;
}

}  // namespace brahe::http
