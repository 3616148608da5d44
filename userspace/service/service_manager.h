#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/file.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe::service {

// What a service manager (systemd) says to what it starts: the environment variables of sd_notify(3),
// sd_watchdog_enabled(3) and sd_listen_fds(3). Empty: not set. Names of sockets (LISTEN_FDNAMES) say nothing here.
struct Variables {
  std::string notify_socket = {};
  std::string watchdog_usec = {}, watchdog_pid = {};
  std::string listen_fds = {}, listen_pid = {};
};
Variables FromEnvironment();

// Tells the service manager how its service is. Where none listens, every call does nothing. A message that does not
// get through is warned of once, and the service goes on. Safe for any thread.
//
// These are datagrams of one line, and this is all of libsystemd that would be used: linking it brings five libraries
// (33 by ldd, where libraries_test wants at most 30) and 0.8 MiB of resident memory.
class ServiceManager {
 public:
  // Of the process `pid`. `clock` must outlive it. The Error names the variable that makes no sense.
  static Result<ServiceManager> Make(const Variables& variables, pid_t pid, const Clock& clock = SystemClock());

  [[nodiscard]] bool listens() const { return socket_.valid(); }
  // How often Alive must be called, so that it comes in time though one comes late: half of what the manager waits.
  // nullopt: it does not wait for it.
  [[nodiscard]] std::optional<Nanoseconds> alive_period() const { return alive_period_; }

  void Ready() const;  // after the start, and after each Reloading
  void Reloading() const;
  void Stopping() const;
  void Alive() const;  // never waits: one that finds the manager's queue full is left out

 private:
  explicit ServiceManager(const Clock& clock) : clock_(&clock) {}
  Status Connect(const std::string& address);
  void Send(std::string_view message, int flags = 0) const;

  const Clock* clock_;
  UniqueFd socket_;
  sockaddr_un address_ = {};
  socklen_t address_size_ = 0;
  std::optional<Nanoseconds> alive_period_;
};

// The files that the manager has opened for the process `pid` and passed to it, from descriptor `first` on, as they are
// but close-on-exec. None where the variables are meant for another process. To be called once.
Result<std::vector<UniqueFd>> TakePassedFiles(const Variables& variables, pid_t pid, int first = 3);

}  // namespace brahe::service
