#include "userspace/http/local_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace brahe::http {
namespace {

constexpr int kBacklog = 1024;
constexpr mode_t kForAll = 0666;

Error Failure(const std::string& path, const std::string& why, const std::string& remedy = "") {
  return MakeError("listen on " + path + ": " + why + "; " + remedy + "choose another path");
}

Error SystemFailure(const std::string& path, int code) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
  if (code == ENOENT) return Failure(path, "there is no folder " + folder, "make it or ");
  return Failure(path, SystemError(folder, code).message, "let this user write there or ");
}

UniqueFd NewSocket() { return UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

// The errno of a connection; 0: somebody listens.
int TryToConnect(const sockaddr_un& address) {
  const UniqueFd fd = NewSocket();
  if (!fd.valid()) return errno;
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return 0;
  return errno == EAGAIN ? 0 : errno;  // who listens has more to accept than it gets done
}

// Removes a socket that nobody listens on any more.
Status MakeRoom(const std::string& path, const sockaddr_un& address) {
  struct stat before {};
  if (lstat(path.c_str(), &before) != 0) return {};  // bind tells of anything but ENOENT
  if (!S_ISSOCK(before.st_mode)) {
    return Failure(path, "it is there and no socket, so that it is not replaced", "remove it or ");
  }
  const int code = TryToConnect(address);
  if (code == 0) return Failure(path, "another process listens there", "stop that or ");
  if (code == ENOENT) return {};
  if (code != ECONNREFUSED) return Failure(path, SystemError("connect to who may listen there", code).message);
  struct stat now {};
  const bool is_same =
      lstat(path.c_str(), &now) == 0 && now.st_ino == before.st_ino && now.st_ctim.tv_nsec == before.st_ctim.tv_nsec;
  if (is_same && unlink(path.c_str()) != 0) return SystemFailure(path, errno);
  return {};
}

}  // namespace

Result<ListenSocket> ListenLocally(const std::string& path) {
  sockaddr_un address{};
  constexpr size_t kLongest = sizeof address.sun_path - 1;
  if (path.size() > kLongest) {
    return Failure(path, "a socket's path has at most " + std::to_string(kLongest) + " bytes, and this one has " +
                             std::to_string(path.size()));
  }
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), &address.sun_path[0]);
  if (const Status room = MakeRoom(path, address); !room) return room.error();
  UniqueFd fd = NewSocket();
  if (!fd.valid()) return SystemError("listen on " + path + ": socket");
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EADDRINUSE) return Failure(path, "another process listens there", "stop that or ");
    return SystemFailure(path, errno);
  }
  struct stat made {};
  if (lstat(path.c_str(), &made) != 0) return SystemFailure(path, errno);
  auto file = std::make_unique<const SocketFile>(path, made.st_dev, made.st_ino);
  if (chmod(path.c_str(), kForAll) != 0 || listen(fd.get(), kBacklog) != 0) return SystemFailure(path, errno);
  return ListenSocket{.fd = std::move(fd), .file = std::move(file)};
}

}  // namespace brahe::http
