#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "userspace/base/protobuf_writer.h"
#include "userspace/base/units.h"

namespace brahe::instruments {

// Counts durations in buckets whose bounds grow by the eighth root of two, about 9 %, from a microsecond to 17 minutes:
// a native histogram of Prometheus, schema 3. Shorter ones are in the zero bucket, longer ones in the last. 2 KB. One
// thread at a time.
class NativeHistogram {
 public:
  void Observe(Nanoseconds duration);

  // Appends the fields of a Histogram message that make it a native one, but for its sum.
  void AppendBuckets(ProtobufWriter& histogram) const;
  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] Nanoseconds sum() const { return sum_; }

 private:
  static constexpr int kSchema = 3;
  // In powers of two of a second.
  static constexpr int kZeroExponent = -20;
  static constexpr int kLastExponent = 10;
  static constexpr size_t kBuckets = (kLastExponent - kZeroExponent) << kSchema;
  // The index, as Prometheus numbers buckets, of the first.
  static constexpr int kFirstIndex = kZeroExponent * (1 << kSchema) + 1;

  static size_t PlaceOf(double seconds);

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t zero_count_ = 0;
  uint64_t count_ = 0;
  Nanoseconds sum_;
};

}  // namespace brahe::instruments
