#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/base/yaml_keys.h"
#include "userspace/http/tls_options.h"
#include "userspace/web/web_config.h"

namespace brahe::web {

// What the values of the keys become, until it is known how they go together.
struct WebDraft {
  std::string path;  // of the file itself
  WebConfig config = {};
  http::TlsOptions tls = {};
  Nanoseconds interval{0};
  uint64_t burst = 0;
};

// One key of the web configuration file: a row of the table that it is read by.
struct WebKey {
  std::string_view section;  // full name of what it stands in; empty: the document
  std::string_view name;
  YamlKind kind;
  // Checks the value and stores it in the draft, reading the file that it names; null for what has keys of its own.
  Status (*take)(const WebKey& key, const YamlGiven& written, WebDraft& draft);

  // "http_server_config.http2".
  [[nodiscard]] std::string FullName() const;
};

// All keys. Certificates come before what is asked of clients.
const std::vector<WebKey>& WebKeys();

bool HasControlCharacter(std::string_view text);

}  // namespace brahe::web
