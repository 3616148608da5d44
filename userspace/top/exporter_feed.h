#pragma once

#include <memory>
#include <string>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/top/feed.h"

namespace brahe::top {

struct ExporterOptions {
  std::string url;  // its /api/v1/snapshot is added where it has no path; or "unix:" and the path of a local socket
  std::string user = {};           // empty: no password is given
  std::string password_file = {};  // with `user`, or both empty
  std::string ca_file = {};        // empty: whom the system trusts
  std::string cert_file = {};      // our own certificate, and its key; or both empty
  std::string key_file = {};
  bool insecure = false;  // takes any certificate
  Nanoseconds interval;   // between two requests
};

// Asks a running exporter, in a thread of its own. The Error is of options that cannot work, or of a missing libcurl;
// an exporter that does not answer is one of Take's. Signals that are blocked here are in the thread as well.
Result<std::unique_ptr<Feed>> FollowExporter(const ExporterOptions& options, const Clock& clock);

}  // namespace brahe::top
