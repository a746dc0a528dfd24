// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kindling::demo {

/// Examples: a row of features and one target each.
struct Dataset {
  std::vector<std::string> features;      ///< their names
  std::string target;                     ///< its name
  std::vector<double> x;                  ///< row-major [rows, features.size()]; NaN where missing
  std::vector<double> y;                  ///< [rows]: values, or indices into `classes`
  std::vector<std::string> classes = {};  ///< the labels; none where the target is a quantity

  std::size_t rows() const { return y.size(); }
  std::size_t width() const { return features.size(); }
};

struct Split {
  Dataset train, test;
};

/// Shuffles the rows by a permutation that depends on `seed` and the number of rows alone, and
/// keeps the first round(rows * test_fraction) of them for the test. ValueError unless both parts
/// get a row.
Split split(const Dataset& data, double test_fraction, std::uint64_t seed);

/// The mean of each of the `width` columns of `values`, row-major, without those that are missing;
/// 0 where all are.
std::vector<double> column_means(const std::vector<double>& values, std::size_t width);

/// `values` with `fill` of its column in the place of a missing one.
std::vector<double> filled(std::vector<double> values, const std::vector<double>& fill);

/// Brings columns to mean 0 and standard deviation 1, and back.
class Standardizer {
 public:
  Standardizer() = default;  // of no column
  /// Takes mean and standard deviation of each of the `width` columns of `values`, row-major. A
  /// constant column becomes 0, whatever stands there later: nothing can be learned about it.
  Standardizer(const std::vector<double>& values, std::size_t width);
  /// Takes them as given.
  Standardizer(std::vector<double> mean, std::vector<double> deviation)
      : mean_(std::move(mean)), deviation_(std::move(deviation)) {}

  std::vector<double> apply(std::vector<double> values) const;
  std::vector<double> undo(std::vector<double> values) const;
  const std::vector<double>& mean() const { return mean_; }
  const std::vector<double>& deviation() const { return deviation_; }

 private:
  std::vector<double> mean_, deviation_;  // 0 for a constant column
};

}  // namespace kindling::demo
