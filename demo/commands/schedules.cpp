// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/schedulers/makers.h>

#include "demo/checks.h"
#include "demo/commands/commands.h"
#include "demo/figure.h"
#include "demo/gallery.h"
#include "demo/number.h"
#include "demo/output_file.h"
#include "demo/table.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

namespace kindling::demo {
namespace {

struct SchedulesOptions {
  std::optional<std::string> schedule;
  std::int64_t steps = 0;  // 0: the schedule's own length, or kDefaultSteps
  double lr = 0.1;
  std::string plot;
  std::string gallery;
};

constexpr std::int64_t kDefaultSteps = 1000;
constexpr std::int64_t kTableRows = 10;
constexpr const char* kUsualSchedule = "warmup(10%) then cosine(90%)";

void print_list() {
  std::cout << "A schedule is one of these, or several joined:\n"
               "    a then b       one after the other\n"
               "    a then hold    stays where it ends\n"
               "    a * b          both at once\n"
               "    a for 100      so many steps of it\n"
               "A percentage such as warmup(10%) is of the whole run.\n\n";
  for (const schedulers::Maker& maker : schedulers::makers()) {
    std::cout << maker.name << '(' << maker.signature() << ")\n    " << maker.summary << '\n';
  }
}

void print_values(const schedulers::Schedule& schedule, std::int64_t steps, double lr) {
  std::vector<std::string> titles{"Step", "Learning Rate"};
  if (schedule.drives_momentum()) titles.emplace_back("Momentum");
  const Table table(titles, 8);
  std::cout << table.header() << '\n';
  // The first step of each tenth, and the last step.
  const std::int64_t stride = std::max<std::int64_t>(1, steps / kTableRows);
  for (std::int64_t t = 0; t < steps; t = t + 1 < steps ? std::min(t + stride, steps - 1) : steps) {
    std::vector<std::string> cells{std::to_string(t), format_number(schedule(t, lr))};
    const auto momentum = schedule.momentum(t);
    if (schedule.drives_momentum()) cells.push_back(momentum ? format_number(*momentum) : "");
    std::cout << table.row(cells) << '\n';
  }
}

void draw_gallery(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw FileError(message("gallery: cannot make folder ", folder, ": ", error.message()));
  for (const Picture& picture : schedule_gallery()) {
    write_file((std::filesystem::path(folder) / (picture.name + ".svg")).string(),
               render_svg(picture.figure));
  }
}

void run_schedules(const SchedulesOptions& options) {
  if (!options.gallery.empty()) return draw_gallery(options.gallery);
  if (!options.schedule && options.plot.empty()) return print_list();
  const std::string text = options.schedule.value_or(kUsualSchedule);
  const auto schedule =
      schedulers::Schedule::parse(text, options.steps > 0 ? options.steps : kDefaultSteps);
  const std::int64_t steps =
      options.steps > 0 ? options.steps
                        : std::max<std::int64_t>(1, schedule.length().value_or(kDefaultSteps));
  print_values(schedule, steps, options.lr);
  if (options.plot.empty()) return;
  write_file(options.plot,
             render_svg(schedule_figure("Learning rate schedule", schedule, steps, options.lr)));
  std::cout << "\nDrawn into " << options.plot << '\n';
}

}  // namespace

void add_schedules(CLI::App& program) {
  auto options = std::make_shared<SchedulesOptions>();
  CLI::App* command = program.add_subcommand(
      "schedules", "Lists the learning rate schedules, prints and draws any of them");
  command->add_option("--schedule", options->schedule, "The schedule to print and draw")
      ->check(schedule_text())
      ->type_name("SCHEDULE");
  command
      ->add_option("--steps", options->steps, "How many steps of it; its own length if not given")
      ->check(at_least(1))
      ->type_name("N");
  command->add_option("--lr", options->lr, "Base learning rate")
      ->check(number_from(0))
      ->type_name("X")
      ->capture_default_str();
  // "--plot" alone is enough.
  command->add_option("--plot,--output", options->plot, "Draw it into this SVG file")
      ->expected(0, 1)
      ->default_str("schedule.svg")
      ->type_name("FILE");
  command
      ->add_option("--gallery", options->gallery,
                   "Draw a picture of every kind of schedule into this folder")
      ->type_name("FOLDER");
  command->footer(
      "Example:\n  kindling-train schedules --schedule \"warmup(100) then cosine(900)\" --plot "
      "schedule.svg");
  command->callback([options] { run_schedules(*options); });
}

}  // namespace kindling::demo
