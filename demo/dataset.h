// SPDX-License-Identifier: MIT
#pragma once

#include "demo/csv.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kindling::demo {

/// Examples: a row of features and one target each.
struct Dataset {
  std::vector<std::string> features;  ///< their names
  std::string target;                 ///< its name
  std::vector<double> x;              ///< row-major [rows, features.size()]
  std::vector<double> y;              ///< [rows]

  std::size_t rows() const { return y.size(); }
  std::size_t width() const { return features.size(); }
};

/// The table with `target` as what is to be predicted and every other column as a feature.
/// ValueError, with the names there are, when no column is called that or none is left.
Dataset make_dataset(const CsvTable& table, const std::string& target);

struct Split {
  Dataset train, test;
};

/// Shuffles the rows by a permutation that depends on `seed` and the number of rows alone, and
/// keeps the first round(rows * test_fraction) of them for the test. ValueError unless both parts
/// get a row.
Split split(const Dataset& data, double test_fraction, std::uint64_t seed);

/// Brings columns to mean 0 and standard deviation 1, and back.
class Standardizer {
 public:
  /// Takes mean and standard deviation of each of the `width` columns of `values`, row-major. A
  /// constant column is only centred.
  Standardizer(const std::vector<double>& values, std::size_t width);

  std::vector<double> apply(std::vector<double> values) const;
  std::vector<double> undo(std::vector<double> values) const;

 private:
  std::vector<double> mean_, deviation_;
};

}  // namespace kindling::demo
