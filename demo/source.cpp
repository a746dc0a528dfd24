// SPDX-License-Identifier: MIT
#include "demo/source.h"

#include "demo/builtin_data.h"
#include "demo/checks.h"

#include <iostream>
#include <map>
#include <utility>

namespace kindling::demo {
namespace {

constexpr double kBrightest = 16.0;  // of a pixel of the digits

Task diabetes(const TrainingOptions& options) {
  const Dataset data = encode(parse_csv(kDiabetesCsv, "diabetes.csv"), {.target = "target"}).data;
  return regression_task("Diabetes", split(data, options.test_fraction, options.seed), options);
}

Task digits(const std::string& loss, const TrainingOptions& options) {
  Dataset data =
      encode(parse_csv(kDigitsCsv, "digits.csv"), {.target = "label", .classify = true}).data;
  for (double& pixel : data.x) pixel /= kBrightest;
  return classification_task("Digits", split(data, options.test_fraction, options.seed), loss,
                             options);
}

}  // namespace

void add_csv_options(CLI::App& command, Source& source) {
  command.option_defaults()->always_capture_default();
  const auto separator = [&source](const std::string& text) {
    static const std::map<std::string, char> names{
        {"guess", kGuess}, {"tab", '\t'}, {"\\t", '\t'}, {"space", ' '}};
    const auto named = names.find(text);
    if (named == names.end() && text.size() != 1)
      throw CLI::ValidationError("--separator", text + ": must be one character, tab or space");
    source.format.separator = named != names.end() ? named->second : text[0];
  };
  const auto decimal = [&source](const std::string& text) { source.columns.decimal = text[0]; };
  const auto missing = [&source](const std::string& text) {
    source.columns.missing = text == "mean"   ? Missing::mean
                             : text == "drop" ? Missing::drop
                                              : Missing::error;
  };
  const auto list = [&command](const char* name, std::vector<std::string>& values,
                               const char* description, const char* type) {
    command.add_option(name, values, description)
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name(type);
  };
  command.add_option("--target", source.columns.target, "The column to predict")
      ->type_name("COLUMN");
  command.add_flag("--classify", source.columns.classify,
                   "The target's values are labels, not a quantity");
  list("--drop", source.columns.drop, "Columns to leave out", "COLUMN,...");
  list("--text", source.columns.text, "Columns of categories, though they hold numbers",
       "COLUMN,...");
  one_of(
      command
          .add_option_function<std::string>(
              "--missing", missing,
              "Missing values (empty, ?, NA, N/A, NaN, null): the mean of the training rows, which "
              "for words is no category; drop the row; or an error")
          ->default_str("mean"),
      {"mean", "drop", "error"});
  list("--na", source.columns.na, "Words that stand for a missing value, too", "WORD,...");
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
  list("--names", source.format.names, "Column names, for a file without a line of them",
       "NAME,...");
}

void add_source_options(CLI::App& command, Source& source) {
  command.add_option("DATA", source.name, "diabetes, digits, or a CSV file (- for standard input)")
      ->required();
  add_csv_options(command, source);
}

Task make_task(const Source& source, const TrainingOptions& options) {
  if (source.name == "diabetes") return diabetes(options);
  if (source.name == "digits") return digits(source.loss, options);
  if (source.columns.target.empty())
    throw ValueError(message("csv: ", source.name, ": name the column to predict by --target"));
  const CsvTable table = read_csv(source.name, source.format);
  const auto [data, report] = encode(table, source.columns);
  std::cout << report;
  Split parts = split(data, options.test_fraction, options.seed);
  if (data.classes.empty()) return regression_task(source.name, std::move(parts), options);
  fill_missing(parts);
  return classification_task(source.name, standardized(std::move(parts)), source.loss, options);
}

}  // namespace kindling::demo
