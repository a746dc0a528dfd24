// SPDX-License-Identifier: MIT
#pragma once

#include "demo/cli_app.h"
#include "demo/columns.h"
#include "demo/csv.h"
#include "demo/task.h"
#include "demo/training_options.h"

#include <string>

namespace kindling::demo {

/// Where a task comes from: a data set that is compiled in, or a CSV file and how to read it.
struct Source {
  std::string name = {};  ///< "diabetes", "digits", or a file
  CsvFormat format = {};
  ColumnOptions columns = {};
  std::string loss = "cross_entropy";  ///< of a classification
};

/// Adds the options of how a CSV file is written; what they set must outlive the parsing.
void add_format_options(CLI::App& command, CsvFormat& format, CellFormat& cells);
/// Adds the options of a CSV file to learn from; `source` must outlive the parsing.
void add_csv_options(CLI::App& command, Source& source);
/// Adds an argument for any source, and those options.
void add_source_options(CLI::App& command, Source& source);

/// A table: "diabetes", "digits", or a CSV file, "-" for standard input.
CsvTable read_table(const std::string& name, const CsvFormat& format);

/// The task that the source holds; prints what became of a CSV file's columns.
Task make_task(const Source& source, const TrainingOptions& options);

}  // namespace kindling::demo
