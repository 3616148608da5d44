#include "userspace/run_service.h"

#include <glog/logging.h>
#include <unistd.h>

#include <utility>

#include "userspace/base/clock.h"
#include "userspace/base/values.h"
#include "userspace/http/local_socket.h"
#include "userspace/run/count_service.h"
#include "userspace/run_counters.h"
#include "userspace/service/service_manager.h"
#include "userspace/web/local_guests.h"

namespace brahe {
namespace {

constexpr Nanoseconds kIdle = Seconds(60);

// That the service manager has passed, or a new one.
Result<http::ListenSocket> OpenSocket(const config::Config::Run& config) {
  auto passed = service::TakePassedFiles(service::FromEnvironment(), getpid());
  if (!passed) return passed.error();
  if (passed->size() == 1) return http::ListenSocket{.fd = std::move(passed->front()), .file = nullptr};
  if (passed->size() > 1) return MakeError("the service manager has passed several sockets, where one is expected");
  auto socket = http::ListenLocally(config.socket.empty() ? config::kRunSocket : config.socket);
  if (!socket) return MakeError("--socket: " + socket.error().message);
  return socket;
}

}  // namespace

Status ServeCounts(const config::Config& config) {
  if (geteuid() != 0) return MakeError("--serve is for root, who makes cgroups, loads BPF programs and reads counters");
  const auto guests = web::GuestsOf("--allow", config.run.allow);
  if (!guests) return guests.error();
  auto socket = OpenSocket(config.run);
  if (!socket) return socket.error();
  LOG(INFO) << "Counting for " << Joined(config.run.allow);
  return run::ServeCounts(
      std::move(socket->fd),
      {.make_counter = [&config] { return OpenCounter(config, CgroupOf::kCommand); },
       .may_ask = [&guests](const http::LocalPeer& peer) { return peer.uid == geteuid() || guests->Have(peer); },
       .procfs = config.host.procfs,
       // The service manager starts it again when somebody asks.
       .idle = socket->file == nullptr ? kIdle : Nanoseconds()},
      SystemClock());
}

}  // namespace brahe
