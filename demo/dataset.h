// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
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

/// Puts the mean of the training rows in the place of missing features, 0 where those have none.
void fill_missing(Split& parts);

/// Brings columns to mean 0 and standard deviation 1, and back.
class Standardizer {
 public:
  /// Takes mean and standard deviation of each of the `width` columns of `values`, row-major. A
  /// constant column becomes 0, whatever stands there later: nothing can be learned about it.
  Standardizer(const std::vector<double>& values, std::size_t width);

  std::vector<double> apply(std::vector<double> values) const;
  std::vector<double> undo(std::vector<double> values) const;
  double deviation(std::size_t column) const { return deviation_[column]; }

 private:
  std::vector<double> mean_, deviation_;  // 0 for a constant column
};

}  // namespace kindling::demo
