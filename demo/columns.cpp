// SPDX-License-Identifier: MIT
#include "demo/columns.h"

#include <kindling/core/error.h>
#include <kindling/core/nearest.h>

#include "demo/number.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace kindling::demo {
namespace {

constexpr std::size_t kMostCategories = 1000;  // of a column, classes too

std::string counted_rows(std::size_t count) {
  return counted(count) + (count == 1 ? " row" : " rows");
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// A feature column, and where it stands in the table.
struct Feature : FeatureColumn {
  std::size_t column;
};

class Encoder {
 public:
  Encoder(const CsvTable& table, const ColumnOptions& options)
      : table_(table), options_(options), target_(index_of(options.target)) {
    for (const std::string& name : options.drop) {
      if (index_of(name) == target_) {
        throw ValueError(message("csv: column '", name, "' is the target and cannot be dropped"));
      }
    }
    for (const std::string& name : options.text) index_of(name);
  }

  Encoded encode() {
    choose_features();
    choose_rows();
    Encoded result{{{}, options_.target, {}, {}}, {features_.begin(), features_.end()}, report()};
    Dataset& data = result.data;
    for (const Feature& feature : features_) {
      if (feature.categories.empty()) data.features.push_back(feature.name);
      for (const std::string& word : feature.categories)
        data.features.push_back(message(feature.name, '=', word));
    }
    for (const std::size_t row : rows_) {
      for (const Feature& feature : features_)
        append_features(data.x, feature, table_.at(row, feature.column).text, options_.cells);
    }
    options_.classify ? label(data) : measure(data);
    return result;
  }

 private:
  std::size_t index_of(const std::string& name) const {
    const auto found = std::find(table_.columns.begin(), table_.columns.end(), name);
    if (found == table_.columns.end()) {
      const std::string near = detail::suggestion(name, table_.columns);
      throw ValueError(message("csv: ", table_.source, " has no column '", name, "'",
                               near.empty()
                                   ? message(": it has ", detail::listed(table_.columns),
                                             "; --names gives names where the first line is a row")
                                   : near));
    }
    return static_cast<std::size_t>(found - table_.columns.begin());
  }

  bool missing(const Cell& cell) const { return options_.cells.missing(cell.text); }
  std::optional<double> number(const std::string& text) const {
    return options_.cells.number(text);
  }

  [[noreturn]] void fail(const Cell& cell, const std::string& what) const {
    fail_at(table_.source, cell, what);
  }

  // Whether the column holds words; nothing where it holds no value at all. Numbers and words in
  // one column are a mistake in the file or in the options.
  std::optional<bool> holds_words(std::size_t column) const {
    const Cell* word = nullptr;
    std::size_t numbers = 0, words = 0;
    bool other_decimal = true;
    for (std::size_t row = 0; row < table_.rows(); ++row) {
      const Cell& cell = table_.at(row, column);
      if (missing(cell)) continue;
      if (number(cell.text)) {
        ++numbers;
        continue;
      }
      if (++words == 1) word = &cell;
      std::string text = cell.text;
      std::replace(text.begin(), text.end(), ',', '.');
      other_decimal = other_decimal && parse_number(text).has_value();
    }
    if (numbers + words == 0) return std::nullopt;
    if (words == 0) return false;
    const std::string& name = table_.columns[column];
    if (other_decimal) {
      fail(*word,
           message("column '", name, "' holds '", word->text, "': give --decimal ",
                   options_.cells.decimal == '.' ? "," : ".",
                   " if that is its decimal sign, or --text '", name, "' if it is no number"));
    }
    if (numbers > 0) {
      fail(*word, message("column '", name, "' holds '", word->text, "', but numbers in ",
                          counted_rows(numbers), ": correct it, or give --na '", word->text,
                          "' if it stands for a missing value, --text '", name,
                          "' to make categories of all of them, or --drop '", name, "'"));
    }
    return true;
  }

  void choose_features() {
    for (std::size_t column = 0; column < table_.columns.size(); ++column) {
      const std::string& name = table_.columns[column];
      if (column == target_ || contains(options_.drop, name)) continue;
      const bool as_text = contains(options_.text, name);
      const auto words = as_text ? std::optional(true) : holds_words(column);
      if (words) {
        features_.push_back({{name}, column});
        if (*words) features_.back().categories = categories(column);
      } else {
        notes_.push_back(message("column '", name, "' holds nothing and is left out"));
      }
    }
    if (features_.empty()) {
      throw ValueError(message("csv: ", table_.source, " has no column but the target '",
                               options_.target,
                               "' to learn from: is --separator right (',', ';', tab or space)?"));
    }
  }

  std::vector<std::string> categories(std::size_t column) const {
    std::set<std::string> words;
    for (std::size_t row = 0; row < table_.rows(); ++row) {
      if (const Cell& cell = table_.at(row, column); !missing(cell)) words.insert(cell.text);
    }
    if (words.size() > kMostCategories) {
      throw ValueError(message("csv: column '", table_.columns[column], "' of ", table_.source,
                               " holds ", counted(words.size()), " different words, more than ",
                               counted(kMostCategories), ": leave it out by --drop '",
                               table_.columns[column], "'"));
    }
    return {words.begin(), words.end()};
  }

  // The rows that are examples; counts what is missing.
  void choose_rows() {
    for (std::size_t row = 0; row < table_.rows(); ++row) {
      bool whole = true;
      for (const Feature& feature : features_) {
        const Cell& cell = table_.at(row, feature.column);
        if (!missing(cell)) continue;
        whole = false;
        refuse_missing(cell, feature.column);
        ++missing_[feature.column];
      }
      if (missing(table_.at(row, target_))) {
        refuse_missing(table_.at(row, target_), target_);
        ++without_target_;
      } else if (whole || options_.missing == Missing::mean) {
        rows_.push_back(row);
      } else {
        ++dropped_;
      }
    }
    if (rows_.empty()) {
      throw ValueError(message("csv: ", table_.source, " has no row without a missing value (",
                               most_missing(),
                               "): --drop such a column, or fill it by --missing "
                               "mean"));
    }
  }

  void refuse_missing(const Cell& cell, std::size_t column) const {
    if (options_.missing != Missing::error) return;
    fail(cell, message("column '", table_.columns[column], "' has no value here",
                       cell.text.empty() ? "" : message(" but '", cell.text, "'"),
                       ": give --missing mean or --missing drop, or --drop '",
                       table_.columns[column], "'"));
  }

  void measure(Dataset& data) const {
    if (holds_words(target_).value_or(false)) {
      const Cell& first = table_.at(rows_[0], target_);
      fail(first, message("the target '", options_.target, "' holds words such as '", first.text,
                          "': give --classify to learn which one it is"));
    }
    for (const std::size_t row : rows_) data.y.push_back(*number(table_.at(row, target_).text));
  }

  void label(Dataset& data) const {
    // In one order for numbers and words: numbers first, each once however it is written.
    using Label = std::pair<double, std::string>;
    const auto label_of = [&](std::size_t row) -> Label {
      const std::string& text = table_.at(row, target_).text;
      const double value = number(text).value_or(std::numeric_limits<double>::infinity());
      return {value, options_.cells.label(text)};
    };
    std::map<Label, double> classes;
    for (const std::size_t row : rows_) classes.emplace(label_of(row), 0.0);
    if (classes.size() < 2 || classes.size() > kMostCategories) {
      throw ValueError(
          message("classes: column '", options_.target, "' holds ", counted(classes.size()),
                  classes.size() < 2 ? " label: there is nothing to tell apart"
                                     : message(" labels, more than ", counted(kMostCategories),
                                               ": leave out --classify if it is a quantity")));
    }
    for (auto& [name, index] : classes) {
      index = static_cast<double>(data.classes.size());
      data.classes.push_back(name.second);
    }
    for (const std::size_t row : rows_) data.y.push_back(classes.at(label_of(row)));
  }

  // "sex 11, island 2": the columns that lack most values, at most four.
  std::string most_missing() const {
    std::vector<std::pair<std::size_t, std::size_t>> columns;  // count, column
    for (const auto& [column, count] : missing_) columns.emplace_back(count, column);
    std::stable_sort(columns.begin(), columns.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<std::string> parts;
    for (const auto& [count, column] : columns) {
      if (parts.size() == 4) {
        parts.push_back(message("and ", columns.size() - 4, " more"));
        break;
      }
      parts.push_back(message(table_.columns[column], ' ', counted(count)));
    }
    return detail::listed(parts);
  }

  std::string report() const {
    std::string text = message(table_.source, ": ", counted_rows(table_.rows()), ", ",
                               table_.columns.size(), " columns\n");
    std::vector<std::string> words;
    for (const Feature& feature : features_) {
      if (feature.categories.empty()) continue;
      words.push_back(message(feature.name, ' ', feature.categories.size()));
    }
    if (!words.empty()) text += message("  words, one-hot: ", detail::listed(words), '\n');
    for (const Feature& feature : features_) {
      if (feature.categories.size() > 20 && 2 * feature.categories.size() > table_.rows()) {
        text += message("  '", feature.name, "' is another word in almost every row: --drop '",
                        feature.name, "' if it is a name\n");
      }
    }
    for (const std::string& note : notes_) text += message("  ", note, '\n');
    if (without_target_ > 0)
      text += message("  ", counted_rows(without_target_), " without a target left out\n");
    if (dropped_ > 0) {
      text += message("  ", counted_rows(dropped_),
                      " with missing values left out: ", most_missing(), '\n');
    } else if (!missing_.empty()) {
      text += message("  missing values take the mean of the training rows, or no category: ",
                      most_missing(), '\n');
    }
    return text;
  }

  const CsvTable& table_;
  const ColumnOptions& options_;
  std::size_t target_;
  std::vector<Feature> features_;
  std::vector<std::size_t> rows_;
  std::map<std::size_t, std::size_t> missing_;  // values, by column
  std::size_t without_target_ = 0, dropped_ = 0;
  std::vector<std::string> notes_;
};

}  // namespace

void append_features(std::vector<double>& x, const FeatureColumn& column, const std::string& text,
                     const CellFormat& cells) {
  if (column.categories.empty()) {
    x.push_back(cells.missing(text) ? std::numeric_limits<double>::quiet_NaN()
                                    : cells.number(text).value());
  }
  for (const std::string& word : column.categories) x.push_back(text == word ? 1.0 : 0.0);
}

Encoded encode(const CsvTable& table, const ColumnOptions& options) {
  return Encoder(table, options).encode();
}

}  // namespace kindling::demo
