// SPDX-License-Identifier: MIT
#include "demo/training.h"

#include "demo/history.h"
#include "demo/interrupt.h"
#include "demo/number.h"
#include "demo/progress.h"
#include "demo/run.h"
#include "demo/schedule_length.h"
#include "demo/table.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <numeric>

namespace kindling::demo {
namespace {

// The mean of the last `count` values.
double recent_mean(const std::vector<double>& values, std::size_t count) {
  const auto first = values.end() - static_cast<std::ptrdiff_t>(std::min(count, values.size()));
  return std::accumulate(first, values.end(), 0.0) / static_cast<double>(values.end() - first);
}

/// A training under way: what it prints, draws and writes.
class Training {
 public:
  Training(const Task& task, const TrainingOptions& options)
      : task_(task),
        options_(options),
        history_{.loss_name = task.loss_name,
                 .has_accuracy = task.accuracy != nullptr,
                 .steps_per_epoch = static_cast<std::size_t>(steps_per_epoch(task, options))},
        total_steps_(static_cast<std::size_t>(options.epochs) * history_.steps_per_epoch),
        schedule_(
            schedulers::Schedule::parse(options.schedule, static_cast<std::int64_t>(total_steps_))),
        run_(task, options, schedule_),
        log_(options.log, history_),
        table_(titles()),
        progress_(std::cerr, stderr_is_terminal()) {
    std::string layers;
    for (const std::int64_t width : task.recipe.widths)
      layers += message(layers.empty() ? "" : "-", width);
    history_.settings =
        message(task.summary, ", ", task.loss_name, ", layers ", layers, ", ", options.optimizer,
                " lr ", options.lr, ", momentum ", options.momentum, ", weight decay ",
                options.weight_decay ? format_exact(*options.weight_decay) : "not given", ", ",
                schedule_, ", batches of ", batch_size(task, options), ", test fraction ",
                options.test_fraction, ", seed ", options.seed);
    // It takes a pass over all data, which only a checkpoint has a use for.
    if (!options.checkpoint.empty()) history_.settings += message(", data ", checksum(task));
    if (options.resume) resume();
  }

  void print_head() const {
    print_warning(length_warning(options_.schedule, schedule_,
                                 static_cast<std::int64_t>(total_steps_), options_.lr));
    if (absolute_ && options_.lr_given)
      print_warning(message("--lr ", options_.lr, " has no effect: '", options_.schedule,
                            "' is given in absolute learning rates"));
    std::size_t parameters = 0;
    for (const Tensor& parameter : run_.model().parameters())
      parameters += static_cast<std::size_t>(parameter.numel());
    const std::string decay =
        options_.weight_decay ? message(", weight decay ", *options_.weight_decay) : "";
    std::cout << message(task_.name, ": ", task_.summary, '\n', counted(parameters),
                         " parameters, ", options_.optimizer, " lr ", options_.lr, decay, ", ",
                         counted(total_steps_), " steps of ", batch_size(task_, options_),
                         " rows, ", schedule_, '\n');
    if (history_.steps() > 0) {
      std::cout << message("goes on after step ", counted(saved_), " (", resumed_.string(), ")\n");
    }
    std::cout << '\n' << table_.header() << std::endl;
  }

  // Until the last step, a signal, or a loss that is not finite.
  void go() {
    const InterruptGuard interrupts;
    while (history_.steps() < total_steps_ && finite_ && InterruptGuard::signal() == 0) step();
    signal_ = InterruptGuard::signal();
    progress_.finish(message(counted(history_.steps()), " steps"));
  }

  // Puts the files in their places, reports, and throws what ended the run before its time.
  void finish() {
    if (finite_) save_checkpoint();
    if (finite_ && !options_.save.empty())
      keep_error([&] { save_model(options_.save, task_.recipe, run_.model()); });
    keep_error([&] { log_.finish(); });
    if (!options_.plot.empty() && history_.steps() > 0) {
      const std::string title =
          message(task_.name, ", ", options_.optimizer, " with lr ", options_.lr);
      keep_error([&] {
        write_file(options_.plot, history_svg(history_, title, schedule_.description()));
      });
    }
    if (!finite_) throw Stopped(kDiverged, divergence());
    std::cout << '\n';
    task_.report(run_.model());
    if (signal_ != 0) {
      throw Stopped(kSignalStatus + signal_,
                    message("interrupted after step ", counted(history_.steps()), " of ",
                            counted(total_steps_)));
    }
    if (file_failed_) throw Stopped(1, "not every file could be written");
  }

 private:
  void resume() {
    const auto saved = latest(options_.checkpoint);
    if (!saved) return;
    run_.load_checkpoint(saved->path, history_);
    saved_ = history_.steps();
    resumed_ = saved->path;
    if (saved_ > total_steps_) {
      throw ValueError(message("resume: ", resumed_.string(), " is past the ",
                               counted(total_steps_),
                               " steps of this run: give a larger --epochs"));
    }
    keep_error([&] { log_.add_steps(); });
  }

  // Of what there is now, unless it is saved already.
  void save_checkpoint() {
    if (options_.checkpoint.empty() || saved_ == history_.steps()) return;
    keep_error([&] { run_.save_checkpoint(options_, history_); });
    saved_ = history_.steps();
  }

  std::vector<std::string> titles() const {
    std::vector<std::string> titles{"Epoch", "Learning Rate", "Train " + task_.loss_name,
                                    "Test " + task_.loss_name};
    if (task_.accuracy) titles.emplace_back("Test Accuracy");
    return titles;
  }

  void step() {
    history_.learning_rate.push_back(run_.lr());
    history_.loss.push_back(run_.step());
    finite_ = std::isfinite(history_.loss.back());
    const bool ends_epoch = history_.steps() % history_.steps_per_epoch == 0;
    if (ends_epoch && finite_) test();
    keep_error([&] { log_.add_steps(); });
    if (ends_epoch && finite_) print_epoch();
    if (ends_epoch && finite_ && history_.test_loss.size() % every_ == 0) save_checkpoint();
    if (!progress_.due()) return;
    progress_.show(static_cast<double>(history_.steps()) / static_cast<double>(total_steps_),
                   message("epoch ", history_.test_loss.size() + 1, '/', options_.epochs, "  lr ",
                           format_number(history_.learning_rate.back()), "  loss ",
                           format_number(history_.loss.back())));
  }

  void test() {
    const Run::Test result = run_.test();
    history_.test_loss.push_back(result.loss);
    if (result.accuracy) history_.test_accuracy.push_back(*result.accuracy);
    finite_ = std::isfinite(result.loss);
  }

  // About ten rows in all.
  void print_epoch() {
    const auto epoch = static_cast<std::int64_t>(history_.test_loss.size());
    if (epoch % std::max<std::int64_t>(1, options_.epochs / 10) != 0 && epoch != options_.epochs)
      return;
    progress_.clear();
    std::vector<std::string> cells{
        std::to_string(epoch), format_number(history_.learning_rate.back()),
        format_number(recent_mean(history_.loss, history_.steps_per_epoch)),
        format_number(history_.test_loss.back())};
    if (task_.accuracy)
      cells.push_back(format_fixed(100.0 * history_.test_accuracy.back(), 1) + " %");
    std::cout << table_.row(cells) << std::endl;
  }

  std::string divergence() const {
    const std::size_t steps = history_.steps();
    const bool test = std::isfinite(history_.loss.back());
    const std::string where = message("train: the ", test ? "test loss is " : "loss is ",
                                      test ? history_.test_loss.back() : history_.loss.back(),
                                      " in step ", counted(steps), ", whose learning rate is ",
                                      format_number(history_.learning_rate.back()), ": ");
    if (steps == 1 && !test)
      return where + "no update was made yet, so look for huge values in the data";
    if (absolute_) return where + "try a schedule with a lower max_lr";
    return where + message("try --lr ", options_.lr / 10.0,
                           ", or a longer warm-up: --schedule 'warmup(20%) then cosine(80%)'");
  }

  // An error of a file is told at once, and ends no training.
  template <class Write>
  void keep_error(const Write& write) {
    try {
      write();
    } catch (const FileError& error) {
      progress_.clear();
      std::cerr << "kindling-train: " << error.what() << std::endl;
      file_failed_ = true;
    }
  }

  const Task& task_;
  const TrainingOptions& options_;
  History history_;
  std::size_t total_steps_;
  schedulers::Schedule schedule_;
  // The schedule takes no heed of --lr.
  bool absolute_ = ignores_base(schedule_, static_cast<std::int64_t>(total_steps_));
  Run run_;
  HistoryLog log_;
  Table table_;
  ProgressBar progress_;
  std::size_t every_ = static_cast<std::size_t>(options_.every);  // epochs
  std::size_t saved_ = 0;                                         // steps, in the last checkpoint
  std::filesystem::path resumed_;  // the checkpoint that the run goes on from
  bool finite_ = true;
  int signal_ = 0;
  bool file_failed_ = false;
};

}  // namespace

void train(const Task& task, const TrainingOptions& options) {
  Training training(task, options);
  training.print_head();
  training.go();
  training.finish();
}

}  // namespace kindling::demo
