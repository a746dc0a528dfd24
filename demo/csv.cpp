// SPDX-License-Identifier: MIT
#include "demo/csv.h"

#include <kindling/core/error.h>

#include "demo/number.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace kindling::demo {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_line_end(char c) { return c == '\n' || c == '\r'; }

/// Takes a text apart, a row at a time.
class Reader {
 public:
  Reader(std::string_view text, const std::string& source, char separator)
      : text_(text),
        source_(source),
        separator_(separator),
        blanks_(separator == '\t' ? " " : " \t") {}

  /// The fields of the next line that is not blank, which may end some lines below; none at the
  /// end of the text.
  std::vector<Cell> row() {
    std::vector<Cell> cells;
    for (;;) {
      skip_blanks();
      if (at_ == text_.size()) return cells;
      if (!is_line_end(text_[at_])) break;
      end_line();
    }
    for (;;) {
      skip_blanks();
      cells.push_back(field());
      skip_blanks();
      if (at_line_end()) break;
      if (separator_ != ' ') ++at_;
    }
    end_ = {"", line_, at_ - line_start_ + 1};
    if (at_ < text_.size()) end_line();
    return cells;
  }

  /// Where the last row ended.
  const Cell& end() const { return end_; }

 private:
  bool at_line_end() const { return at_ == text_.size() || is_line_end(text_[at_]); }
  bool at_separator() const {
    return separator_ == ' ' ? blanks_.find(text_[at_]) != std::string_view::npos
                             : text_[at_] == separator_;
  }

  void skip_blanks() {
    while (at_ < text_.size() && blanks_.find(text_[at_]) != std::string_view::npos) ++at_;
  }

  // Steps over LF, CR LF or CR.
  void end_line() {
    at_ += text_.substr(at_).starts_with("\r\n") ? 2U : 1U;
    ++line_;
    line_start_ = at_;
  }

  Cell field() {
    Cell cell{"", line_, at_ - line_start_ + 1};
    if (at_ < text_.size() && text_[at_] == '"') {
      cell.text = quoted(cell);
      return cell;
    }
    const std::size_t start = at_;
    while (!at_line_end() && !at_separator()) ++at_;
    const std::string_view raw = text_.substr(start, at_ - start);
    cell.text = raw.substr(0, raw.find_last_not_of(blanks_) + 1);
    return cell;
  }

  std::string quoted(const Cell& start) {
    std::string value;
    ++at_;
    for (;;) {
      if (at_ == text_.size())
        fail_at(source_, start, "a quoted field is not closed: add the missing '\"'");
      const std::size_t from = at_;
      if (is_line_end(text_[at_])) {
        end_line();
        value += text_.substr(from, at_ - from);
      } else if (text_[at_] != '"') {
        value += text_[at_++];
      } else if (text_.substr(at_).starts_with("\"\"")) {  // stands for one quote
        value += '"';
        at_ += 2;
      } else {
        break;
      }
    }
    ++at_;
    const std::size_t after = at_;
    skip_blanks();
    if (!at_line_end() && !at_separator() && (separator_ != ' ' || at_ == after)) {
      const std::string expected =
          separator_ == ' ' ? "a blank" : message("'", std::string(1, separator_), "'");
      fail_at(source_, {"", line_, at_ - line_start_ + 1},
              message("text after a quoted field: expected ", expected, " or the line's end"));
    }
    return value;
  }

  std::string_view text_;
  const std::string& source_;
  char separator_;
  std::string_view blanks_;
  std::size_t at_ = 0, line_start_ = 0, line_ = 1;
  Cell end_;
};

// The most frequent of the usual separators in the first line that is not blank.
char guessed_separator(std::string_view text) {
  constexpr std::array candidates{',', ';', '\t'};
  std::array<std::size_t, candidates.size()> counts{};
  bool quoted = false, blank = true;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && is_line_end(c) && !blank) break;
    blank = blank && (c == ' ' || is_line_end(c));
    for (std::size_t i = 0; !quoted && i < candidates.size(); ++i)
      counts[i] += c == candidates[i] ? 1U : 0U;
  }
  return candidates[static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) -
                                             counts.begin())];
}

std::vector<std::string> column_names(const std::vector<Cell>& cells, const std::string& source) {
  const auto is_number = [](const Cell& cell) { return parse_number(cell.text).has_value(); };
  if (std::all_of(cells.begin(), cells.end(), is_number)) {
    fail_at(source, cells[0],
            "the first line holds numbers, not column names: add a line such as \"x1,x2,y\", or "
            "name the columns by --names x1,x2,y");
  }
  std::vector<std::string> names;
  for (const Cell& cell : cells) {
    names.push_back(cell.text.empty() ? message("column ", names.size() + 1) : cell.text);
    if (std::find(names.begin(), names.end() - 1, names.back()) != names.end() - 1)
      fail_at(source, cell, message("column name '", names.back(), "' is there twice"));
  }
  return names;
}

}  // namespace

void fail_at(const std::string& source, const Cell& place, const std::string& what) {
  throw FileError(message("csv: ", source, ":", place.line, ":", place.column, ": ", what));
}

CsvTable parse_csv(std::string_view text, const std::string& source, const CsvFormat& format) {
  CsvTable table{source, format.names, {}};
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.find('\0') != std::string_view::npos) {
    throw FileError(
        message("csv: ", source, ": holds zero bytes, as text in UTF-16 does: save it as UTF-8"));
  }
  const char separator = format.separator == kGuess ? guessed_separator(text) : format.separator;
  Reader reader(text, source, separator);
  for (std::vector<Cell> cells; !(cells = reader.row()).empty();) {
    if (table.columns.empty()) {
      table.columns = column_names(cells, source);
      continue;
    }
    const std::size_t expected = table.columns.size();
    if (cells.size() != expected) {
      fail_at(source, cells.size() > expected ? cells[expected] : reader.end(),
              message("found ", cells.size(), " fields, expected ", expected, " as ",
                      format.names.empty() ? "in the line of column names" : "--names says"));
    }
    std::move(cells.begin(), cells.end(), std::back_inserter(table.cells));
  }
  if (table.columns.empty()) throw FileError(message("csv: ", source, ":1:1: the file is empty"));
  if (table.cells.empty())
    throw FileError(message("csv: ", source, ": no rows after the line of column names"));
  return table;
}

CsvTable read_csv(const std::string& path, const CsvFormat& format) {
  const auto all_of = [](std::istream& stream) {
    return std::string{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  };
  if (path == "-") return parse_csv(all_of(std::cin), "standard input", format);
  if (std::filesystem::is_directory(path))
    throw FileError(message("csv: cannot read ", path, ": it is a folder"));
  std::ifstream file(path, std::ios::binary);
  const std::string text = all_of(file);
  if (!file) throw FileError(message("csv: cannot read ", path, ": ", std::strerror(errno)));
  return parse_csv(text, path, format);
}

}  // namespace kindling::demo
