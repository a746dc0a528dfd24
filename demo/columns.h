// SPDX-License-Identifier: MIT
#pragma once

#include "demo/cells.h"
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
  CellFormat cells = {};
  Missing missing = Missing::mean;
};

/// A column that is learned from: one feature of numbers, or one for each category.
struct FeatureColumn {
  std::string name;
  std::vector<std::string> categories = {};  ///< none for numbers

  std::size_t features() const { return categories.empty() ? 1 : categories.size(); }
};

/// Appends the features of a field: the number, NaN where it is missing, or a 1 for the category it
/// is and 0 for all others. The field must be missing, or what the column takes.
void append_features(std::vector<double>& x, const FeatureColumn& column, const std::string& text,
                     const CellFormat& cells);

/// Examples, the columns they are from, and a line or more on what became of the table.
struct Encoded {
  Dataset data;
  std::vector<FeatureColumn> columns;
  std::string report;
};

/// The table with one column as what is to be predicted and the others as features: numbers as they
/// are, words one-hot, a feature "column=word" for each word in alphabetic order. Rows without a
/// target are left out. The classes are the distinct labels, in numeric order where all are
/// numbers. ValueError or FileError, which says where and what to do, for what cannot be learned:
/// an unknown column, words between numbers, too many categories.
Encoded encode(const CsvTable& table, const ColumnOptions& options);

}  // namespace kindling::demo
