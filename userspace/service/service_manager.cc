#include "userspace/service/service_manager.h"

#include <fcntl.h>
#include <glog/logging.h>
#include <sys/time.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace brahe::service {
namespace {

// A manager that does not read for so long is not waited for any longer.
constexpr timeval kLongestWait = {.tv_sec = 5, .tv_usec = 0};
constexpr uint64_t kMostPassedFiles = 1024;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

Error Senseless(const std::string& name, const std::string& value, const std::string& reason) {
  return MakeError(name + "=" + value + " in the environment: " + reason +
                   "; unset it where no service manager sets it");
}

// Whether a variable that says for which process others are meant names `pid`. Where it is not set, all are meant.
Result<bool> IsMeant(const std::string& name, const std::string& value, pid_t pid) {
  if (value.empty()) return true;
  const auto meant = ParseUint64(value);
  if (!meant) return Senseless(name, value, "not a process id");
  return *meant == static_cast<uint64_t>(pid);
}

Result<std::optional<Nanoseconds>> AlivePeriod(const Variables& variables, pid_t pid) {
  if (variables.watchdog_usec.empty()) return std::optional<Nanoseconds>();
  const auto meant = IsMeant("WATCHDOG_PID", variables.watchdog_pid, pid);
  if (!meant) return meant.error();
  if (!*meant) return std::optional<Nanoseconds>();
  const auto microseconds = ParseUint64(variables.watchdog_usec);
  if (!microseconds || *microseconds == 0 || *microseconds > UINT64_MAX / 1000) {
    return Senseless("WATCHDOG_USEC", variables.watchdog_usec, "not a number of microseconds");
  }
  return std::optional(Nanoseconds{*microseconds * 1000 / 2});
}

}  // namespace

Variables FromEnvironment() {
  return {.notify_socket = Variable("NOTIFY_SOCKET"),
          .watchdog_usec = Variable("WATCHDOG_USEC"),
          .watchdog_pid = Variable("WATCHDOG_PID"),
          .listen_fds = Variable("LISTEN_FDS"),
          .listen_pid = Variable("LISTEN_PID")};
}

Result<ServiceManager> ServiceManager::Make(const Variables& variables, pid_t pid, const Clock& clock) {
  ServiceManager manager(clock);
  if (variables.notify_socket.empty()) return manager;
  if (const Status connected = manager.Connect(variables.notify_socket); !connected) return connected.error();
  const auto alive_period = AlivePeriod(variables, pid);
  if (!alive_period) return alive_period.error();
  manager.alive_period_ = *alive_period;
  return manager;
}

Status ServiceManager::Connect(const std::string& address) {
  const bool is_abstract = address.starts_with('@');
  if (!is_abstract && !address.starts_with('/')) {
    return Senseless("NOTIFY_SOCKET", address, "neither a path nor an abstract address (@...)");
  }
  if (address.size() >= sizeof address_.sun_path) return Senseless("NOTIFY_SOCKET", address, "too long");
  address_.sun_family = AF_UNIX;
  std::memcpy(address_.sun_path, address.data(), address.size());
  if (is_abstract) address_.sun_path[0] = '\0';
  // The end of an abstract address is where its size says.
  address_size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() + (is_abstract ? 0 : 1));
  // It is not connected: the manager may make its socket anew.
  socket_.Reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket_.valid()) return SystemError("make a socket for NOTIFY_SOCKET");
  if (setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &kLongestWait, sizeof kLongestWait) != 0) {
    return SystemError("setsockopt SO_SNDTIMEO");
  }
  return {};
}

void ServiceManager::Send(std::string_view message, int flags) const {
  if (!listens()) return;
  const auto* address = reinterpret_cast<const sockaddr*>(&address_);
  ssize_t sent;
  do {
    sent = sendto(socket_.get(), message.data(), message.size(), flags | MSG_NOSIGNAL, address, address_size_);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0 || ((flags & MSG_DONTWAIT) != 0 && errno == EAGAIN)) return;
  const Error error = SystemError("send to NOTIFY_SOCKET");
  LOG_FIRST_N(WARNING, 1) << "The service manager does not hear how this service is: " << error.message;
}

void ServiceManager::Ready() const { Send("READY=1"); }

void ServiceManager::Reloading() const {
  // From systemd 253 on, the instant tells it which of several reloads this is.
  Send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(clock_->Now().value / 1000));
}

void ServiceManager::Stopping() const { Send("STOPPING=1"); }

void ServiceManager::Alive() const { Send("WATCHDOG=1", MSG_DONTWAIT); }

Result<std::vector<UniqueFd>> TakePassedFiles(const Variables& variables, pid_t pid, int first) {
  std::vector<UniqueFd> files;
  // Without a process id they may be those of a parent that has long used them.
  if (variables.listen_fds.empty() || variables.listen_pid.empty()) return files;
  const auto meant = IsMeant("LISTEN_PID", variables.listen_pid, pid);
  if (!meant) return meant.error();
  if (!*meant) return files;
  const auto count = ParseUint64(variables.listen_fds);
  if (!count || *count > kMostPassedFiles)
    return Senseless("LISTEN_FDS", variables.listen_fds, "not a number of files");
  for (int fd = first; fd < first + static_cast<int>(*count); ++fd) {
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      return Senseless("LISTEN_FDS", variables.listen_fds, "descriptor " + std::to_string(fd) + " is not open");
    }
    files.emplace_back(fd);
  }
  return files;
}

}  // namespace brahe::service
