#include "userspace/instruments/native_histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <vector>

namespace brahe::instruments {
namespace {

// A native bucket: its index, as Prometheus numbers it, and its count.
struct Bucket {
  int64_t index;
  int64_t count;
  bool operator==(const Bucket&) const = default;
};

// What a histogram's fields say, read as Prometheus reads them.
struct Read {
  uint64_t count = 0, zero_count = 0;
  double zero_threshold = 0;
  std::vector<Bucket> buckets;
  size_t spans = 0;
};

uint64_t Varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes.at(0));
    bytes.remove_prefix(1);
    value |= uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
}
int64_t Signed(uint64_t zigzag) { return static_cast<int64_t>(zigzag >> 1) ^ -static_cast<int64_t>(zigzag & 1); }

Read ReadBack(const NativeHistogram& histogram) {
  std::string fields;
  ProtobufWriter writer(fields);
  histogram.AppendBuckets(writer);
  Read read;
  std::vector<int64_t> indexes;
  int64_t next = 0;
  for (std::string_view rest = fields; !rest.empty();) {
    const uint64_t key = Varint(rest);
    if ((key & 7) == 1) {
      EXPECT_EQ(key >> 3, 6U);
      memcpy(&read.zero_threshold, rest.data(), 8);
      rest.remove_prefix(8);
    } else if ((key & 7) == 0) {
      const uint64_t value = Varint(rest);
      if (key >> 3 == 1) read.count = value;
      if (key >> 3 == 5) {
        EXPECT_EQ(Signed(value), 3);
      }
      if (key >> 3 == 7) read.zero_count = value;
    } else {
      const size_t size = Varint(rest);
      std::string_view message = rest.substr(0, size);
      rest.remove_prefix(size);
      if (key >> 3 == 12) {
        EXPECT_EQ(Varint(message), 8U);
        next += Signed(Varint(message));
        EXPECT_EQ(Varint(message), 16U);
        for (uint64_t length = Varint(message); length > 0; --length) indexes.push_back(next++);
        ++read.spans;
      } else {
        EXPECT_EQ(key >> 3, 13U);
        int64_t count = 0;
        for (const int64_t index : indexes) {
          count += Signed(Varint(message));
          EXPECT_GE(count, 0);
          if (count != 0) read.buckets.push_back({index, count});
        }
        EXPECT_TRUE(message.empty()) << "more counts than buckets";
      }
    }
  }
  return read;
}

TEST(NativeHistogram, IsNativeAlsoWithoutAnyObservation) {
  const Read read = ReadBack({});
  EXPECT_EQ(read.count, 0U);
  EXPECT_TRUE(read.buckets.empty());
  EXPECT_GT(read.zero_threshold, 0) << "or Prometheus takes it for a classic one";
}

TEST(NativeHistogram, CountsEachDurationBetweenTheBoundsOfItsBucket) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    const Nanoseconds duration{1000 + (random() >> (25 + random() % 20))};
    NativeHistogram histogram;
    histogram.Observe(duration);
    const Read read = ReadBack(histogram);
    ASSERT_EQ(read.buckets.size(), 1U) << duration.value;
    const double upper = std::exp2(static_cast<double>(read.buckets[0].index) / 8);
    const double seconds = static_cast<double>(duration.value) / 1e9;
    ASSERT_LE(seconds, upper * (1 + 1e-15));
    ASSERT_GT(seconds, upper / std::exp2(1.0 / 8) * (1 - 1e-15));
  }
}

TEST(NativeHistogram, ABoundBelongsToTheBucketThatEndsThere) {
  NativeHistogram histogram;
  histogram.Observe(Seconds(1));
  histogram.Observe({1'000'000'001});
  histogram.Observe({125'000'000});
  histogram.Observe({125'000'001});
  EXPECT_EQ(ReadBack(histogram).buckets, (std::vector<Bucket>{{-24, 1}, {-23, 1}, {0, 1}, {1, 1}}));
}

TEST(NativeHistogram, HasAPlaceForTheShortestAndTheLongest) {
  NativeHistogram histogram;
  histogram.Observe({});
  histogram.Observe({500});
  histogram.Observe({1000});
  histogram.Observe(Seconds(1024));
  histogram.Observe(Seconds(1'000'000));
  const Read read = ReadBack(histogram);
  EXPECT_EQ(read.count, 5U);
  EXPECT_EQ(read.zero_count, 2U);
  EXPECT_EQ(read.buckets, (std::vector<Bucket>{{-159, 1}, {80, 2}}));
}

TEST(NativeHistogram, AddsUpWhateverIsObserved) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 50; ++round) {
    NativeHistogram histogram;
    std::map<int64_t, int64_t> expected;
    uint64_t observed = random() % 300;
    for (uint64_t i = 0; i < observed; ++i) {
      const Nanoseconds duration{random() >> (24 + random() % 40)};
      histogram.Observe(duration);
      NativeHistogram alone;
      alone.Observe(duration);
      for (const Bucket& bucket : ReadBack(alone).buckets) expected[bucket.index] += bucket.count;
    }
    const Read read = ReadBack(histogram);
    EXPECT_EQ(read.count, observed);
    uint64_t sum = read.zero_count;
    for (const Bucket& bucket : read.buckets) {
      EXPECT_EQ(expected[bucket.index], bucket.count);
      sum += static_cast<uint64_t>(bucket.count);
    }
    EXPECT_EQ(read.buckets.size(), expected.size());
    EXPECT_EQ(sum, observed);
  }
}

}  // namespace
}  // namespace brahe::instruments
