#include "userspace/run/line_socket.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace brahe::run {
namespace {

constexpr size_t kLongestLine = size_t{1} << 20;

// Room for one open file.
union FileRoom {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

Error Gone() { return MakeError("the other side of the local socket is gone"); }

}  // namespace

Status LineSocket::Write(std::string_view line, int file) {
  std::string text(line);
  text += '\n';
  FileRoom room = {};
  for (size_t written = 0; written < text.size();) {
    iovec part = {text.data() + written, text.size() - written};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (written == 0 && file >= 0) {
      message.msg_control = room.bytes;
      message.msg_controllen = sizeof room.bytes;
      cmsghdr* const header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof file);
      memcpy(CMSG_DATA(header), &file, sizeof file);
    }
    const ssize_t sent = sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EPIPE) return Gone();
    if (sent < 0 && errno != EINTR) return SystemError("write to the local socket");
    if (sent > 0) written += static_cast<size_t>(sent);
  }
  return {};
}

Result<std::string> LineSocket::Read() {
  while (true) {
    if (const size_t end = pending_.find('\n'); end != std::string::npos) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return line;
    }
    if (pending_.size() > kLongestLine) return MakeError("a line at the local socket is too long");
    const auto received = Receive();
    if (!received) return received.error();
    if (*received == 0) return Gone();
  }
}

// Appends what comes next to pending_; 0 is the end.
Result<size_t> LineSocket::Receive() {
  char buffer[4096];
  FileRoom room = {};
  iovec part = {buffer, sizeof buffer};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.bytes;
  message.msg_controllen = CMSG_LEN(sizeof(int));  // more files than one are closed by the kernel
  ssize_t received = 0;
  while ((received = recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (received < 0 && errno == ECONNRESET) return Gone();
  if (received < 0) return SystemError("read from the local socket");
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    int file = -1;
    memcpy(&file, CMSG_DATA(header), sizeof file);
    file_.Reset(file);
  }
  pending_.append(buffer, static_cast<size_t>(received));
  return static_cast<size_t>(received);
}

}  // namespace brahe::run
