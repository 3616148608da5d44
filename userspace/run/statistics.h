#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace brahe::run {

// What repeated measurements of one thing come to.
struct Summary {
  double mean = 0;
  double deviation = 0;  // of a sample: divided by n - 1; 0 of one value
  double median = 0;
  double minimum = 0;
  double maximum = 0;
  std::vector<size_t> outliers;  // which of the values, from 0
};

// `values` is not empty. An outlier is a value whose modified z-score, 0.6745 * (value - median) / median of all
// |value - median|, is beyond 3.5 (Iglewicz and Hoaglin); where more than half of the values are equal there is none.
Summary Summarize(std::span<const double> values);

// How many times as much one thing is as another.
struct Ratio {
  double ratio = 0;           // geometric mean of the pairs' ratios
  std::optional<double> low;  // the interval that holds it with 95 % confidence; nullopt: there is one pair only
  std::optional<double> high;
};

// Of values that were measured in turns: `values[i]` beside `base[i]`, of the same number. The interval is Student's,
// of the logarithms. nullopt where there is no pair or a value is not above 0.
std::optional<Ratio> Compare(std::span<const double> base, std::span<const double> values);

// The 97.5 % quantile of Student's t with so many degrees of freedom, which are not 0.
double StudentQuantile(size_t degrees);

}  // namespace brahe::run
