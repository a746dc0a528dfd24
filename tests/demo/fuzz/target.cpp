// SPDX-License-Identifier: MIT
#include "tests/demo/fuzz/target.h"

#include <kindling/core/error.h>

#include "demo/columns.h"
#include "demo/csv.h"
#include "tests/support/demand.h"

#include <optional>
#include <string_view>

namespace kindling::test {
namespace {

using demo::CsvFormat;
using demo::CsvTable;
using demo::Missing;

constexpr const char* kSource = "fed.csv";

void demand_an_error_of_the_reader(std::string_view what) {
  demand(what.starts_with("csv: ") || what.starts_with("classes: "));
}

// Nothing where it is refused.
std::optional<CsvTable> table_of(const std::string& text, const CsvFormat& format) {
  try {
    return demo::parse_csv(text, kSource, format);
  } catch (const FileError& error) {
    demand(std::string_view(error.what()).starts_with("csv: fed.csv:"));
    return std::nullopt;
  }
}

std::string quoted(const std::string& field) {
  std::string text = "\"";
  for (const char c : field) text += c == '"' ? "\"\"" : std::string(1, c);
  return text + '"';
}

std::string written(const CsvTable& table) {
  std::string text;
  const std::size_t width = table.columns.size();
  for (std::size_t i = 0; i < width; ++i)
    text += quoted(table.columns[i]) + (i + 1 < width ? "," : "\n");
  for (std::size_t i = 0; i < table.cells.size(); ++i)
    text += quoted(table.cells[i].text) + ((i + 1) % width > 0 ? "," : "\n");
  return text;
}

void demand_the_same_when_read_again(const CsvTable& table) {
  const auto again = table_of(written(table), {.separator = ','});
  demand(again && again->columns == table.columns && again->cells.size() == table.cells.size());
  for (std::size_t i = 0; i < table.cells.size(); ++i)
    demand(again->cells[i].text == table.cells[i].text);
}

bool makes_examples(const CsvTable& table, const demo::ColumnOptions& options) {
  try {
    const demo::Encoded encoded = demo::encode(table, options);
    const demo::Dataset& data = encoded.data;
    demand(data.rows() > 0 && data.rows() <= table.rows());
    demand(data.width() > 0 && data.x.size() == data.rows() * data.width());
    for (const double x : data.x) demand(x == x || options.missing == Missing::mean);
    for (const double y : data.y) {
      demand(y == y);
      demand(!options.classify || (y >= 0 && y < static_cast<double>(data.classes.size())));
    }
    return true;
  } catch (const FileError& error) {
    demand_an_error_of_the_reader(error.what());
  } catch (const ValueError& error) {
    demand_an_error_of_the_reader(error.what());
  }
  return false;
}

}  // namespace

bool feed_csv(const std::string& text) {
  bool any = false;
  for (const char separator : {demo::kGuess, ' ', ','}) {
    const auto table = table_of(text, {.separator = separator});
    if (!table) continue;
    demand_the_same_when_read_again(*table);
    for (const bool classify : {false, true})
      for (const Missing missing : {Missing::mean, Missing::drop, Missing::error})
        for (const char decimal : {'.', ','})
          any |= makes_examples(*table, {.target = table->columns.back(),
                                         .classify = classify,
                                         .cells = {.decimal = decimal},
                                         .missing = missing});
  }
  return any;
}

}  // namespace kindling::test
