// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/dtype.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace kindling::test {

/// What a reduction ought to give, and the sum of the magnitudes of its terms.
struct ExactSum {
  long double value = 0;
  long double magnitude = 0;
};

/// The n terms of a sum. They take few different values, so that what a sum of any function of them
/// is exactly takes little time to find out.
class Terms {
 public:
  /// n times `value`, as the dtype holds it: the roundings of equal additions all point the same
  /// way.
  static Terms equal(std::int64_t n, DType dtype, double value = 0.1) {
    Terms terms;
    terms.add(value, dtype);
    terms.counts_[0] = n;
    terms.values_.assign(static_cast<std::size_t>(n), terms.distinct_[0]);
    return terms;
  }

  /// n numbers from (-1, 1) that look random.
  static Terms mixed(std::int64_t n, DType dtype) {
    Terms terms;
    for (int i = 0; i < 64; ++i) terms.add(std::sin(1 + 7.0 * i), dtype);
    std::uint32_t state = 1;
    for (std::int64_t i = 0; i < n; ++i) {
      state = state * 1664525u + 1013904223u;
      ++terms.counts_[state >> 26];
      terms.values_.push_back(terms.distinct_[state >> 26]);
    }
    return terms;
  }

  std::int64_t size() const { return static_cast<std::int64_t>(values_.size()); }
  const std::vector<double>& values() const { return values_; }

  /// The sum of function(x) over the terms x.
  template <class F>
  ExactSum sum_of(const F& function) const {
    ExactSum sum;
    for (std::size_t i = 0; i < distinct_.size(); ++i) {
      const long double value = function(static_cast<long double>(distinct_[i]));
      sum.value += static_cast<long double>(counts_[i]) * value;
      sum.magnitude += static_cast<long double>(counts_[i]) * std::abs(value);
    }
    return sum;
  }
  ExactSum sum() const {
    return sum_of([](long double x) { return x; });
  }

 private:
  void add(double value, DType dtype) {
    distinct_.push_back(dtype == DType::float32 ? static_cast<double>(static_cast<float>(value))
                                                : value);
    counts_.push_back(0);
  }

  std::vector<double> distinct_;
  std::vector<std::int64_t> counts_;
  std::vector<double> values_;
};

/// |value - exact| <= `ulps` units in the last place of the sum of magnitudes.
inline testing::AssertionResult within(double value, const ExactSum& exact, DType dtype,
                                       double ulps) {
  const long double unit = dtype == DType::float32
                               ? static_cast<long double>(std::numeric_limits<float>::epsilon())
                               : static_cast<long double>(std::numeric_limits<double>::epsilon());
  const long double error = static_cast<long double>(value) - exact.value;
  if (std::abs(error) <= static_cast<long double>(ulps) * unit * exact.magnitude)
    return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << value << " is " << static_cast<double>(error / (unit * exact.magnitude))
         << " units in the last place off " << static_cast<double>(exact.value);
}

}  // namespace kindling::test
