#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/exporter/http/tls_options.h"
#include "userspace/exporter/web/web_config.h"

namespace brahe {

// What was written for a key, and where.
struct WrittenKey {
  std::string origin;              // "web.yml:3: tls_server_config.cert"
  std::vector<std::string> texts;  // one unless the key takes a list; none for a section
};

// What the values of the keys become, until it is known how they go together.
struct WebDraft {
  std::string path;  // of the file itself
  WebConfig config = {};
  TlsOptions tls = {};
  Nanoseconds interval{0};
  uint64_t burst = 0;
};

// One key of the web configuration file: a row of the table that it is read by.
struct WebKey {
  enum class Shape : uint8_t {
    kText,
    kPem,  // a text that may be a secret
    kList,
    kSection,  // other rows stand in it
    kUsers,    // a name and a hash each
  };

  std::string_view section;  // full name of what it stands in; empty: the document
  std::string_view name;
  Shape shape;
  // Checks the value and stores it in the draft, reading the file that it names; null for what has keys of its own.
  Status (*take)(const WebKey& key, const WrittenKey& written, WebDraft& draft);

  // "http_server_config.http2".
  [[nodiscard]] std::string FullName() const;
};

// All keys. Certificates come before what is asked of clients.
const std::vector<WebKey>& WebKeys();

// The key `name` of a section, or null. The names of HTTP's headers may be written in any case.
const WebKey* FindWebKey(std::string_view section, std::string_view name);

}  // namespace brahe
