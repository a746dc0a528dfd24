// SPDX-License-Identifier: MIT
#pragma once

#include "demo/csv.h"
#include "demo/dataset.h"

#include <string>
#include <vector>

namespace kindling::demo {

enum class Missing {
  mean,  ///< a number becomes the mean of the training rows; a word, none of the categories
  drop,  ///< the row is left out
  error
};

/// How a table becomes examples.
struct ColumnOptions {
  std::string target;
  bool classify = false;               ///< its values are labels, not quantities
  std::vector<std::string> drop = {};  ///< columns that are left out
  std::vector<std::string> text = {};  ///< columns of categories, though they hold numbers
  std::vector<std::string> na = {};    ///< stand for a missing value, as "", ? and NA do
  Missing missing = Missing::mean;
  char decimal = '.';
};

/// Examples, and a line or more on what became of the table.
struct Encoded {
  Dataset data;
  std::string report;
};

/// The table with one column as what is to be predicted and the others as features: numbers as they
/// are, words one-hot, a feature "column=word" for each word in alphabetic order. Rows without a
/// target are left out. The classes are the distinct labels, in numeric order where all are
/// numbers. ValueError or FileError, which says where and what to do, for what cannot be learned:
/// an unknown column, words between numbers, too many categories.
Encoded encode(const CsvTable& table, const ColumnOptions& options);

}  // namespace kindling::demo
