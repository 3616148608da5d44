#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/http/tls_options.h"

namespace brahe::web {

// A token bucket: a request takes a token, of which there is one more after each interval, up to `burst`.
struct RateLimit {
  Nanoseconds interval;
  uint64_t burst = 0;
};

// The web configuration file of Prometheus' exporters, with the files that it names read.
struct WebConfig {
  std::optional<http::TlsOptions> tls = {};                       // nullopt: plain HTTP
  std::map<std::string, std::string> users = {};                  // name -> bcrypt hash; empty: no passwords
  std::vector<std::pair<std::string, std::string>> headers = {};  // for each answer
  std::optional<RateLimit> rate_limit = {};
  std::vector<std::string> files = {};     // all that were read, this file first
  std::vector<std::string> warnings = {};  // each names file, line and key
};

// Reads the file at `path`, of at most 1 MiB. Files that it names are relative to its own folder. The Error names the
// file, the line where there is one, the key and the remedy, and never holds a secret.
Result<WebConfig> LoadWebConfig(const std::string& path);

}  // namespace brahe::web
