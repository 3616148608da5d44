#include "userspace/run/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace brahe::run {
namespace {

double MedianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double MeanOf(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double DeviationOf(std::span<const double> values, double mean) {
  if (values.size() < 2) return 0;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

std::vector<size_t> OutliersOf(std::span<const double> values, double median) {
  constexpr double kScale = 0.6745, kLimit = 3.5;
  std::vector<double> distances;
  for (const double value : values) distances.push_back(std::abs(value - median));
  const double spread = MedianOf(distances);
  std::vector<size_t> outliers;
  for (size_t i = 0; spread > 0 && i < values.size(); ++i) {
    if (kScale * distances[i] / spread > kLimit) outliers.push_back(i);
  }
  return outliers;
}

}  // namespace

Summary Summarize(std::span<const double> values) {
  Summary summary;
  summary.mean = MeanOf(values);
  summary.deviation = DeviationOf(values, summary.mean);
  summary.median = MedianOf({values.begin(), values.end()});
  const auto [minimum, maximum] = std::minmax_element(values.begin(), values.end());
  summary.minimum = *minimum;
  summary.maximum = *maximum;
  summary.outliers = OutliersOf(values, summary.median);
  return summary;
}

std::optional<Ratio> Compare(std::span<const double> base, std::span<const double> values) {
  std::vector<double> logarithms;
  for (size_t i = 0; i < base.size(); ++i) {
    if (!(base[i] > 0) || !(values[i] > 0)) return std::nullopt;
    logarithms.push_back(std::log(values[i] / base[i]));
  }
  if (logarithms.empty()) return std::nullopt;
  const double mean = MeanOf(logarithms);
  Ratio ratio{.ratio = std::exp(mean), .low = {}, .high = {}};
  if (const size_t n = logarithms.size(); n > 1) {
    const double half = StudentQuantile(n - 1) * DeviationOf(logarithms, mean) / std::sqrt(static_cast<double>(n));
    ratio.low = std::exp(mean - half);
    ratio.high = std::exp(mean + half);
  }
  return ratio;
}

double StudentQuantile(size_t degrees) {
  constexpr std::array kSmall = {12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281};
  if (degrees <= kSmall.size()) return kSmall[degrees - 1];
  // Cornish and Fisher's expansion, which is within 0.0005 from 11 degrees on.
  constexpr double z = 1.959964, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  const auto v = static_cast<double>(degrees);
  return z + (z3 + z) / (4 * v) + (5 * z5 + 16 * z3 + 3 * z) / (96 * v * v) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * v * v * v);
}

}  // namespace brahe::run
