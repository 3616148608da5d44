#include "userspace/http/request_fault.h"

#include <strings.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>

namespace brahe::http {
namespace {

struct Headers {
  int hosts = 0;
  std::set<std::string> lengths = {};
};

MHD_Result Look(void* headers, MHD_ValueKind, const char* name, const char* value) {
  auto& seen = *static_cast<Headers*>(headers);
  if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0) ++seen.hosts;
  if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) seen.lengths.insert(value ? value : "");
  return MHD_YES;
}

}  // namespace

const char* EndOfTarget(const char* target) {
  const std::string_view whole(target);
  const size_t nul = whole.substr(0, whole.find('?')).find("%00");
  return target + std::min(nul, whole.size());
}

std::optional<std::string> RequestFault(MHD_Connection* connection, const RequestLine& line) {
  if (line.version != line.target_end + 1) return "a NUL in the path";
  Headers seen;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, &Look, &seen);
  if (seen.lengths.size() > 1) return "two lengths that differ";
  if (seen.hosts > 1) return "two hosts";
  if (seen.hosts == 0 && std::strcmp(line.version, MHD_HTTP_VERSION_1_0) != 0) return "no host";
  return std::nullopt;
}

}  // namespace brahe::http
