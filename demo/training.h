// SPDX-License-Identifier: MIT
#pragma once

#include "demo/task.h"
#include "demo/training_options.h"

namespace kindling::demo {

/// Trains a model of the task and reports how good it is: prints a table of about ten rows to
/// stdout, shows a progress bar when stderr is a terminal, and writes the log and the plot that
/// were asked for. ValueError for options out of range. Whatever ends it, the files hold what there
/// is: `Stopped` after a signal, with the report printed, and when the loss is no longer finite;
/// FileError in the end for a file that could not be written.
void train(const Task& task, const TrainingOptions& options);

}  // namespace kindling::demo
