#pragma once

#include <functional>
#include <memory>
#include <string>

#include "userspace/base/clock.h"
#include "userspace/base/file.h"
#include "userspace/base/result.h"
#include "userspace/http/local_peer.h"
#include "userspace/run/counter.h"

namespace brahe::run {

struct ServiceOptions {
  // Makes what counts for one client. Called in a process of its own.
  std::function<Result<std::unique_ptr<Counter>>()> make_counter;
  std::function<bool(const http::LocalPeer& peer)> may_ask;
  std::string procfs = "/proc";
  Nanoseconds idle = {};  // it ends when nobody has asked for so long; 0: never
  size_t most = 16;       // clients at a time
  // A client that does not finish a line, or does not read an answer, for so long is given up.
  Nanoseconds patience = Seconds(5);
};

// Counts for those who connect to `listener`, each client in a process of its own, until SIGINT or SIGTERM. A client
// may have only those processes counted that are its user's, whatever the pids; root any. To be used before there are
// threads.
Status ServeCounts(UniqueFd listener, const ServiceOptions& options, const Clock& clock);

}  // namespace brahe::run
