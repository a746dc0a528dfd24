// SPDX-License-Identifier: MIT
#include "demo/csv.h"

#include <kindling/core/error.h>

#include "demo/number.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace kindling::demo {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Field {
  std::string text;
  std::size_t column;  // of its first byte, from 1
};

/// One line of the file, and where it stands.
class Line {
 public:
  Line(std::string_view text, const std::string& source, std::size_t number)
      : text_(text), source_(source), number_(number) {}

  bool blank() const { return text_.find_first_not_of(kBlanks) == std::string_view::npos; }
  std::size_t end_column() const { return text_.size() + 1; }

  std::vector<Field> fields() const {
    std::vector<Field> fields;
    std::size_t at = 0;
    do {
      fields.push_back(next_field(at));
    } while (at++ < text_.size());  // steps over the comma that ended the field
    return fields;
  }

  template <class... Parts>
  [[noreturn]] void fail(std::size_t column, const Parts&... parts) const {
    throw FileError(message("csv: ", source_, ":", number_, ":", column, ": ", parts...));
  }

 private:
  /// Reads the field at `at` and leaves `at` on the comma after it or on the end of the line.
  Field next_field(std::size_t& at) const {
    at = std::min(text_.find_first_not_of(kBlanks, at), text_.size());
    const std::size_t start = at;
    if (at < text_.size() && text_[at] == '"') return {quoted(at), start + 1};
    at = std::min(text_.find(',', at), text_.size());
    const std::string_view raw = text_.substr(start, at - start);
    return {std::string(raw.substr(0, raw.find_last_not_of(kBlanks) + 1)), start + 1};
  }

  std::string quoted(std::size_t& at) const {
    const std::size_t start = at++;
    std::string value;
    for (;;) {
      const std::size_t quote = text_.find('"', at);
      if (quote == std::string_view::npos)
        fail(start + 1, "a quoted field is not closed: add the missing '\"'");
      value += text_.substr(at, quote - at);
      at = quote + 1;
      if (at == text_.size() || text_[at] != '"') break;
      value += text_[at++];  // "" stands for one quote
    }
    at = std::min(text_.find_first_not_of(kBlanks, at), text_.size());
    if (at < text_.size() && text_[at] != ',')
      fail(at + 1, "text after a quoted field: expected ',' or the line's end");
    return value;
  }

  std::string_view text_;
  const std::string& source_;
  std::size_t number_;
};

std::vector<std::string> column_names(const Line& line) {
  const std::vector<Field> fields = line.fields();
  const auto is_number = [](const Field& field) { return parse_number(field.text).has_value(); };
  if (std::all_of(fields.begin(), fields.end(), is_number)) {
    line.fail(1, "the first line holds numbers, not column names: add a line such as \"x1,x2,y\"");
  }
  std::vector<std::string> names;
  for (const Field& field : fields) {
    if (field.text.empty()) line.fail(field.column, "a column has no name");
    if (std::find(names.begin(), names.end(), field.text) != names.end()) {
      line.fail(field.column, "column name '", field.text, "' is there twice");
    }
    names.push_back(field.text);
  }
  if (names.size() == 1 && names[0].find_first_of(";\t") != std::string::npos) {
    line.fail(names[0].find_first_of(";\t") + 1,
              "columns are separated by commas here, not by semicolons or tabs");
  }
  return names;
}

void append_row(CsvTable& table, const Line& line) {
  const std::vector<Field> fields = line.fields();
  const std::size_t expected = table.columns.size();
  if (fields.size() != expected) {
    const std::size_t column =
        fields.size() > expected ? fields[expected].column : line.end_column();
    line.fail(column, "found ", fields.size(), " fields, expected ", expected,
              " as in the line of column names");
  }
  for (std::size_t i = 0; i < expected; ++i) {
    const auto& [text, column] = fields[i];
    if (text.empty())
      line.fail(column, "column '", table.columns[i], "' is empty: every field needs a number");
    const auto value = parse_number(text);
    if (!value)
      line.fail(column, "column '", table.columns[i], "' holds '", text,
                "', which is not a finite number");
    table.values.push_back(*value);
  }
}

}  // namespace

CsvTable parse_csv(std::string_view text, const std::string& source) {
  CsvTable table{source, {}, {}};
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view content = text.substr(0, end);
    if (content.ends_with('\r')) content.remove_suffix(1);
    text.remove_prefix(std::min(end + 1, text.size()));

    const Line line(content, source, number);
    if (line.blank()) continue;
    if (table.columns.empty()) {
      table.columns = column_names(line);
    } else {
      append_row(table, line);
    }
  }
  if (table.columns.empty()) throw FileError(message("csv: ", source, ":1:1: the file is empty"));
  if (table.values.empty())
    throw FileError(message("csv: ", source, ": no rows after the line of column names"));
  return table;
}

CsvTable read_csv(const std::string& path) {
  if (std::filesystem::is_directory(path))
    throw FileError(message("csv: cannot read ", path, ": it is a folder"));
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) throw FileError(message("csv: cannot read ", path, ": ", std::strerror(errno)));
  return parse_csv(text, path);
}

}  // namespace kindling::demo
