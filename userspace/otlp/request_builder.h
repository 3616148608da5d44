#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace brahe::otlp {

// What a metric is, apart from its points.
struct MetricSpec {
  enum class Kind {
    kGauge,
    kCounter,  // never goes down
    kAmount,   // a sum that goes up and down
  };

  std::string name;
  std::string_view unit;  // of UCUM
  Kind kind = Kind::kGauge;
  std::string_view description;
};

// One value of a metric, at one time.
struct Point {
  std::string_view attributes = {};  // as AttributeWriter wrote them
  std::string_view more = {};        // attributes that come after these
  uint64_t start = 0;                // when the sum began at 0, in nanoseconds since 1970; 0: not known
  uint64_t time = 0;
  double value = 0;
};

// A message of type ExportMetricsServiceRequest.
struct Request {
  std::string bytes = {};
  size_t points = 0;
};

// Puts the points of metrics into requests, each of which is complete in itself and not much larger than a bound: one
// that gets too large is handed on and another one begun. Not thread-safe.
class RequestBuilder {
 public:
  struct Frame {
    std::string resource = {};  // a message of type Resource
    std::string scope = {};     // of type InstrumentationScope
    size_t max_bytes = 4 << 20;
  };
  // `frame` must outlive this.
  RequestBuilder(const Frame& frame, std::function<void(Request)> take) : frame_(frame), take_(std::move(take)) {}

  // The points to come are of this metric. One without points is left out.
  void Begin(MetricSpec metric);
  void Add(const Point& point);
  // Hands the last request on, if there are any points in it.
  void Finish();

 private:
  void EndMetric();

  const Frame& frame_;
  const std::function<void(Request)> take_;
  MetricSpec metric_;
  std::string points_;   // of metric_, as fields of its Gauge or Sum
  std::string metrics_;  // that are finished, as fields of ScopeMetrics
  size_t count_ = 0;     // of points in both
};

}  // namespace brahe::otlp
