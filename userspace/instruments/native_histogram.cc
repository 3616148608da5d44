#include "userspace/instruments/native_histogram.h"

#include <algorithm>
#include <cmath>

#include "userspace/exposition/metric_fields.h"

namespace brahe::instruments {
namespace {

namespace fields = exposition::metric_fields;

// Gaps of so many empty buckets are cheaper written out than as the begin of another span.
constexpr size_t kShortGap = 2;

// Within an octave, from one half: the upper bounds of its buckets but the last, whose is 1.
const std::array<double, 8>& OctaveBounds() {
  static const std::array<double, 8> bounds = [] {
    std::array<double, 8> made{};
    for (size_t i = 0; i < made.size(); ++i) made[i] = std::exp2(static_cast<double>(i) / 8 - 1);
    return made;
  }();
  return bounds;
}

double ToSeconds(Nanoseconds duration) { return static_cast<double>(duration.value) / 1e9; }

}  // namespace

void NativeHistogram::Observe(Nanoseconds duration) {
  const double seconds = ToSeconds(duration);
  ++(seconds <= std::ldexp(1, kZeroExponent) ? zero_count_ : buckets_[PlaceOf(seconds)]);
  ++count_;
  sum_ += duration;
}

// A bucket holds what is greater than the bound of the one before and no greater than its own.
size_t NativeHistogram::PlaceOf(double seconds) {
  int exponent = 0;
  const double fraction = std::frexp(seconds, &exponent);
  const std::array<double, 8>& bounds = OctaveBounds();
  const auto in_octave = std::lower_bound(bounds.begin(), bounds.end(), fraction) - bounds.begin();
  const auto index = in_octave + (exponent - 1) * ptrdiff_t{1 << kSchema};
  return static_cast<size_t>(std::clamp<ptrdiff_t>(index - kFirstIndex, 0, kBuckets - 1));
}

void NativeHistogram::AppendBuckets(ProtobufWriter& histogram) const {
  histogram.Uint(fields::kSampleCount, count_);
  histogram.Sint(fields::kSchema, kSchema);
  histogram.Double(fields::kZeroThreshold, std::ldexp(1, kZeroExponent));
  histogram.Uint(fields::kZeroCount, zero_count_);
  std::string deltas;
  int64_t before = 0;
  size_t place = 0;
  size_t end_of_last_span = 0;
  while (true) {
    const auto is_used = [](uint64_t count) { return count != 0; };
    const auto from = [&](size_t p) { return buckets_.begin() + static_cast<ptrdiff_t>(p); };
    const auto begin = static_cast<size_t>(std::find_if(from(place), buckets_.end(), is_used) - buckets_.begin());
    if (begin == kBuckets) break;
    // The span goes on over short gaps.
    size_t end = begin;
    for (place = begin; place < kBuckets && place - end <= kShortGap; ++place) {
      if (is_used(buckets_[place])) end = place + 1;
    }
    place = end;
    histogram.Message(fields::kPositiveSpan, [&](ProtobufWriter& span) {
      const auto gap = static_cast<int64_t>(begin - end_of_last_span);
      span.Sint(fields::kSpanOffset, end_of_last_span == 0 ? gap + kFirstIndex : gap);
      span.Uint(fields::kSpanLength, end - begin);
    });
    for (size_t bucket = begin; bucket < end; ++bucket) {
      const auto count = static_cast<int64_t>(buckets_[bucket]);
      const int64_t delta = count - before;
      ProtobufWriter(deltas).Varint(static_cast<uint64_t>(delta) << 1 ^ static_cast<uint64_t>(delta >> 63));
      before = count;
    }
    end_of_last_span = end;
  }
  if (!deltas.empty()) histogram.Bytes(fields::kPositiveDelta, deltas);
}

}  // namespace brahe::instruments
