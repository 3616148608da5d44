#pragma once

#include <netdb.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/base/result.h"

namespace brahe::http {

// The file of a Unix socket. It is removed with this, unless another lies there by then.
class SocketFile {
 public:
  SocketFile(std::string path, dev_t device, ino_t inode) : path_(std::move(path)), device_(device), inode_(inode) {}
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const std::string path_;
  const dev_t device_;
  const ino_t inode_;
};

// A listening, non-blocking, close-on-exec socket of TCP, or a Unix socket with its file.
struct ListenSocket {
  UniqueFd fd;
  uint16_t port = 0;                            // the actual one; 0 of a Unix socket
  std::unique_ptr<const SocketFile> file = {};  // null of TCP
};

// The one of a name's addresses that is listened on: the first of IPv4, else the first, as servers in Go do it, and so
// as scrape configurations expect: the usual /etc/hosts has localhost twice, and the resolver names ::1 first.
const addrinfo* PreferredAddress(const addrinfo* list);

// `address` is "host:port", "[v6 address]:port" or ":port", which is every address of both families; port 0 takes any
// free one. Of a host with several addresses PreferredAddress is taken. The Error names the address, the reason and the
// remedy.
Result<ListenSocket> Listen(const std::string& address);
// Of all `addresses`, in their order, or the first Error.
Result<std::vector<ListenSocket>> ListenOn(const std::vector<std::string>& addresses);

// Takes over sockets that somebody else listens on, a service manager. The Error names what is none.
Result<std::vector<ListenSocket>> TakeOver(std::vector<UniqueFd> fds);

}  // namespace brahe::http
