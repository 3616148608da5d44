#pragma once

#include <string>

#include "userspace/base/result.h"

namespace brahe::otlp {

// Where metrics are posted to: `endpoint` itself, or if it has no path, its /v1/metrics, as OpenTelemetry has it. An
// Error unless it is http:// or https:// with a host and without a name, password or query. Needs libcurl.
Result<std::string> MetricsUrl(const std::string& endpoint);

}  // namespace brahe::otlp
