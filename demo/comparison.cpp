// SPDX-License-Identifier: MIT
#include "demo/comparison.h"

#include <kindling/core/error.h>

#include "demo/csv.h"
#include "demo/figure.h"
#include "demo/number.h"
#include "demo/table.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

namespace kindling::demo {
namespace {

using Values = std::vector<double> LoggedRun::*;

Panel panel_of(const char* title, const std::vector<LoggedRun>& runs, Values x, Values y,
               Scale scale, bool smooth) {
  Panel panel{title, {}, scale};
  int colour = 0;
  for (const LoggedRun& run : runs) {
    const std::vector<double>& values = run.*y;
    const double span = static_cast<double>(values.size()) / 100.0;
    Series series{.name = run.name, .x = run.*x, .colour = colour++};
    series.y = smooth ? smoothed(values, span) : values;
    if (!values.empty()) panel.series.push_back(std::move(series));
  }
  return panel;
}

// What a log has for a number, which is none at the end of a run that diverged.
std::optional<double> logged(const std::string& text) {
  if (text == "nan") return std::nan("");
  if (text == "inf" || text == "-inf") return text == "inf" ? INFINITY : -INFINITY;
  return parse_number(text);
}

std::string loss_cell(double loss) {
  return std::isfinite(loss) ? format_number(loss) : "diverged";
}

std::string percent(double share) { return format_fixed(100.0 * share, 1) + " %"; }

}  // namespace

LoggedRun read_log(const std::string& path) {
  const CsvTable table = read_csv(path, {.separator = ','});
  std::vector<std::string> columns{"step", "epoch", "learning_rate", "loss", "test_loss"};
  const bool no_classes = table.columns == columns;
  columns.emplace_back("test_accuracy");
  if (!no_classes && table.columns != columns) {
    throw FileError(message("compare: ", path,
                            " is no log: its first line is not step,epoch,learning_rate,loss,"
                            "test_loss: give files that --log wrote"));
  }
  LoggedRun run{std::filesystem::path(path).filename().string()};
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto number = [&](std::size_t column) {
      const Cell& cell = table.at(row, column);
      const auto value = logged(cell.text);
      if (value) return *value;
      fail_at(path, cell,
              message("the ", columns[column], " '", cell.text,
                      "' is no number: leave out the lines from here on"));
    };
    run.steps.push_back(number(0));
    run.loss.push_back(number(3));
    if (table.at(row, 4).text.empty()) continue;
    run.test_steps.push_back(run.steps.back());
    run.test_loss.push_back(number(4));
    if (!no_classes) run.test_accuracy.push_back(number(5));
  }
  return run;
}

std::string comparison_table(const std::vector<LoggedRun>& runs) {
  std::size_t widest = 3;
  bool accuracy = false;
  for (const LoggedRun& run : runs) {
    widest = std::max(widest, run.name.size());
    accuracy = accuracy || !run.test_accuracy.empty();
  }
  std::vector<std::string> titles{std::string(widest - 3, ' ') + "Run",
                                  "Steps",
                                  "Last Loss",
                                  "Last Test Loss",
                                  "Best Test Loss",
                                  "In Step"};
  if (accuracy) titles.insert(titles.end(), {"Last Accuracy", "Best Accuracy"});
  const Table table(titles, 9);
  std::string lines = table.header() + '\n';
  for (const LoggedRun& run : runs) {
    std::vector<std::string> cells{run.name, counted(run.steps.size()), loss_cell(run.loss.back())};
    if (!run.test_loss.empty()) {
      // One that is no number is the last, and less than no other.
      const auto best = std::min_element(run.test_loss.begin(), run.test_loss.end());
      const double step = run.test_steps[static_cast<std::size_t>(best - run.test_loss.begin())];
      cells.insert(cells.end(), {loss_cell(run.test_loss.back()), loss_cell(*best),
                                 format_count(static_cast<long long>(step))});
    }
    if (!run.test_accuracy.empty()) {
      cells.push_back(percent(run.test_accuracy.back()));
      cells.push_back(
          percent(*std::max_element(run.test_accuracy.begin(), run.test_accuracy.end())));
    }
    cells.resize(titles.size(), "-");
    lines += table.row(cells) + '\n';
  }
  return lines;
}

std::string comparison_svg(const std::vector<LoggedRun>& runs) {
  Figure figure{"Runs compared", "", "Step", {}};
  figure.panels = {panel_of("Training loss, smoothed", runs, &LoggedRun::steps, &LoggedRun::loss,
                            Scale::automatic, true),
                   panel_of("Test loss", runs, &LoggedRun::test_steps, &LoggedRun::test_loss,
                            Scale::automatic, false),
                   panel_of("Test accuracy", runs, &LoggedRun::test_steps,
                            &LoggedRun::test_accuracy, Scale::linear, false)};
  std::erase_if(figure.panels, [](const Panel& panel) { return panel.series.empty(); });
  return render_svg(figure);
}

}  // namespace kindling::demo
