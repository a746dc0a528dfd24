// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kindling::demo {

/// A field as the file has it, without its quotes, and where it begins: both count from 1, the
/// column in bytes.
struct Cell {
  std::string text;
  std::size_t line = 0, column = 0;
};

/// A table whose columns have names.
struct CsvTable {
  std::string source;                ///< where it came from, for error messages
  std::vector<std::string> columns;  ///< names, each once
  std::vector<Cell> cells;           ///< row-major [rows, columns.size()]

  std::size_t rows() const { return columns.empty() ? 0 : cells.size() / columns.size(); }
  const Cell& at(std::size_t row, std::size_t column) const {
    return cells[row * columns.size() + column];
  }
};

inline constexpr char kGuess = '\0';  ///< a separator that is the most frequent of , ; and tab

struct CsvFormat {
  char separator = kGuess;              ///< ' ' for any run of blanks and tabs
  std::vector<std::string> names = {};  ///< of the columns, where the file has no line of names
};

/// Reads a table: a line of column names, unless the format has them, then as many fields on every
/// line. Fields may be quoted, with line breaks within and "" for one quote; lines end in LF, CR LF
/// or CR; blank lines and a byte order mark are skipped; a column without a name is called
/// "column 3". Anything else is a FileError that starts with "csv: source:line:column:".
CsvTable parse_csv(std::string_view text, const std::string& source, const CsvFormat& format = {});

/// parse_csv() of a file, or of standard input for "-". FileError when it cannot be read.
CsvTable read_csv(const std::string& path, const CsvFormat& format = {});

/// Throws "csv: source:line:column: what".
[[noreturn]] void fail_at(const std::string& source, const Cell& place, const std::string& what);

}  // namespace kindling::demo
