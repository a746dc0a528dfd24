// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kindling::demo {

/// A table of numbers whose columns have names.
struct CsvTable {
  std::string source;                ///< where it came from, for error messages
  std::vector<std::string> columns;  ///< names, each once
  std::vector<double> values;        ///< row-major [rows, columns.size()], all finite

  std::size_t rows() const { return columns.empty() ? 0 : values.size() / columns.size(); }
};

/// Reads a numeric CSV: a line of column names, then as many numbers on every line. Names and
/// numbers may be quoted, lines may end in CR LF, blank lines and a byte order mark are skipped.
/// Anything else is a FileError that starts with "csv: source:line:column:", both counted from 1,
/// the column in bytes.
CsvTable parse_csv(std::string_view text, const std::string& source);

/// parse_csv() of a file. FileError when it cannot be read.
CsvTable read_csv(const std::string& path);

}  // namespace kindling::demo
