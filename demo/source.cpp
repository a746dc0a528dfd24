// SPDX-License-Identifier: MIT
#include "demo/source.h"

#include "demo/builtin_data.h"
#include "demo/checks.h"

#include <CLI/CLI.hpp>

#include <cmath>
#include <iostream>
#include <map>
#include <utility>

namespace kindling::demo {
namespace {

constexpr double kBrightest = 16.0;  // of a pixel of the digits

void add_list_option(CLI::App& command, const char* name, std::vector<std::string>& values,
                     const char* description, const char* type) {
  command.add_option(name, values, description)
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name(type);
}

}  // namespace

void add_format_options(CLI::App& command, CsvFormat& format, CellFormat& cells) {
  command.option_defaults()->always_capture_default();
  const auto separator = [&format](const std::string& text) {
    static const std::map<std::string, char> names{
        {"guess", kGuess}, {"tab", '\t'}, {"\\t", '\t'}, {"space", ' '}};
    const auto named = names.find(text);
    if (named == names.end() && text.size() != 1)
      throw CLI::ValidationError("--separator", text + ": must be one character, tab or space");
    format.separator = named != names.end() ? named->second : text[0];
  };
  const auto decimal = [&cells](const std::string& text) { cells.decimal = text[0]; };
  add_list_option(command, "--na", cells.na, "Words that stand for a missing value, too",
                  "WORD,...");
  command
      .add_option_function<std::string>(
          "--separator", separator,
          "Between columns: one character, tab, or space for any run of blanks; guess takes the "
          "most frequent of , ; and tab")
      ->default_str("guess")
      ->type_name("C");
  one_of(command.add_option_function<std::string>("--decimal", decimal, "Decimal sign")
             ->default_str("."),
         {".", ","});
  add_list_option(command, "--names", format.names,
                  "Column names, for a file without a line of them", "NAME,...");
}

void add_csv_options(CLI::App& command, Source& source) {
  command.option_defaults()->always_capture_default();
  const auto missing = [&source](const std::string& text) {
    source.columns.missing = text == "mean"   ? Missing::mean
                             : text == "drop" ? Missing::drop
                                              : Missing::error;
  };
  command.add_option("--target", source.columns.target, "The column to predict")
      ->type_name("COLUMN");
  command.add_flag("--classify", source.columns.classify,
                   "The target's values are labels, not a quantity");
  add_list_option(command, "--drop", source.columns.drop, "Columns to leave out", "COLUMN,...");
  add_list_option(command, "--text", source.columns.text,
                  "Columns of categories, though they hold numbers", "COLUMN,...");
  one_of(
      command
          .add_option_function<std::string>(
              "--missing", missing,
              "Missing values (empty, ?, NA, N/A, NaN, null): the mean of the training rows, which "
              "for words is no category; drop the row; or an error")
          ->default_str("mean"),
      {"mean", "drop", "error"});
  add_format_options(command, source.format, source.columns.cells);
}

void add_source_options(CLI::App& command, Source& source) {
  command.add_option("DATA", source.name, "diabetes, digits, or a CSV file (- for standard input)")
      ->required();
  add_csv_options(command, source);
}

CsvTable read_table(const std::string& name, const CsvFormat& format) {
  if (name == "diabetes") return parse_csv(kDiabetesCsv, "diabetes.csv");
  if (name == "digits") return parse_csv(kDigitsCsv, "digits.csv");
  return read_csv(name, format);
}

Task make_task(const Source& source, const TrainingOptions& options) {
  const bool diabetes = source.name == "diabetes", digits = source.name == "digits";
  const ColumnOptions columns = diabetes ? ColumnOptions{.target = "target"}
                                : digits ? ColumnOptions{.target = "label", .classify = true}
                                         : source.columns;
  if (columns.target.empty())
    throw ValueError(message("csv: ", source.name, ": name the column to predict by --target"));
  const Encoded encoded = encode(read_table(source.name, source.format), columns);
  if (!diabetes && !digits) std::cout << encoded.report;
  const Split parts = split(encoded.data, options.test_fraction, options.seed);

  Recipe recipe = recipe_of(parts.train);
  recipe.columns = encoded.columns;
  recipe.cells = columns.cells;
  if (!diabetes && !digits) recipe.format = source.format;
  const std::size_t width = parts.train.width();
  if (columns.missing != Missing::mean) recipe.fill.assign(width, std::nan(""));
  if (digits) recipe.inputs = {std::vector(width, 0.0), std::vector(width, kBrightest)};

  const std::string name = diabetes ? "Diabetes" : digits ? "Digits" : source.name;
  return recipe.classes.empty()
             ? regression_task(name, parts, std::move(recipe), options)
             : classification_task(name, parts, std::move(recipe), source.loss, options);
}

}  // namespace kindling::demo
