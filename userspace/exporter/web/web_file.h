#pragma once

#include <map>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/exporter/web/web_keys.h"

namespace brahe {

struct WrittenUser {
  std::string origin;  // "web.yml:7: basic_auth_users.alice"
  std::string name;
  std::string hash;  // as it was written
};

// What stands in a web configuration file.
struct WebFile {
  std::map<const WebKey*, WrittenKey> keys;  // without those that were left empty; a section if any key stands in it
  std::vector<WrittenUser> users;
};

// Reads which keys are given, without a look at their values but that none holds a secret that may not. No Error shows
// a value.
Result<WebFile> ReadWebFile(const std::string& path);

}  // namespace brahe
