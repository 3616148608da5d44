#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/otlp/request_builder.h"

namespace brahe::otlp {

// What became of a request.
struct SendOutcome {
  enum class Kind {
    kTaken,       // all of it
    kPartial,     // taken but for some points, or with a warning
    kUnreadable,  // answered with 200 by who does not speak OTLP, as it seems
    kRefused,     // for good: sent again it would be refused again
    kFailed,      // to be sent again
    kBrokenOff,   // because we end
  };

  Kind kind = Kind::kTaken;
  uint64_t rejected_points = 0;
  std::optional<Nanoseconds> retry_after = {};  // how long the receiver asks us to wait
  std::string cause = {};                       // as a key for the log
  std::string message = {};                     // what is wrong and what to do, in one line; empty if all is well
};

struct SendLimits {
  Nanoseconds timeout;
  std::function<bool()> cancelled = [] { return false; };  // asked once a second
};

// Where requests go to. Used by one thread.
class Sender {
 public:
  virtual ~Sender() = default;
  // For log lines.
  [[nodiscard]] virtual std::string name() const = 0;
  virtual SendOutcome Send(const Request& request, const SendLimits& limits) = 0;
};

struct HttpSenderOptions {
  std::string endpoint;
  std::string headers_file = "";  // read for each request, so that it may be renewed; empty: none
  bool gzip = false;              // requests come compressed
  std::string ca_file = "";       // these as in fetch::HttpIdentity
  std::string certificate_file = "";
  std::string key_file = "";
  bool insecure = false;
};

// One that posts by OTLP over HTTP. The Error is of settings that cannot work, or of a missing libcurl.
Result<std::unique_ptr<Sender>> MakeHttpSender(const HttpSenderOptions& options);

}  // namespace brahe::otlp
