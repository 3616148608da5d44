#include "userspace/otlp/endpoint.h"

#include <string_view>

#include "userspace/fetch/http_fetch.h"

namespace brahe::otlp {
namespace {

constexpr std::string_view kPlain = "http://";

}  // namespace

Result<std::string> MetricsUrl(const std::string& endpoint) {
  if (const Status checked = fetch::CheckUrl(endpoint); !checked) {
    return MakeError("exporter.otlp.endpoint: " + checked.error().message);
  }
  const size_t path = endpoint.find('/', endpoint.find("://") + 3);
  if (path == std::string::npos) return endpoint + "/v1/metrics";
  return path + 1 == endpoint.size() ? endpoint + "v1/metrics" : endpoint;
}

bool IsReadableOnTheWay(const std::string& url) {
  if (!url.starts_with(kPlain)) return false;
  const std::string_view rest = std::string_view(url).substr(kPlain.size());
  const std::string_view host = rest.substr(0, rest.find_first_of("/:"));
  return host != "localhost" && !host.starts_with("127.") && !rest.starts_with("[::1]");
}

}  // namespace brahe::otlp
