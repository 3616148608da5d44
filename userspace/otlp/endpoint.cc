#include "userspace/otlp/endpoint.h"

#include "userspace/fetch/http_fetch.h"
#include "userspace/fetch/url.h"

namespace brahe::otlp {

Result<std::string> MetricsUrl(const std::string& endpoint) {
  if (const Status checked = fetch::CheckUrl(endpoint); !checked) {
    return MakeError("exporter.otlp.endpoint: " + checked.error().message);
  }
  return fetch::WithDefaultPath(endpoint, "/v1/metrics");
}

}  // namespace brahe::otlp
