// SPDX-License-Identifier: MIT
#pragma once

#include "demo/dataset.h"
#include "demo/training_options.h"

#include <string>

namespace kindling::demo {

/// Splits and standardises the data, trains on the squared error, and prints the error in the
/// target's own unit beside that of an ordinary least-squares fit to the same rows.
void run_regression(const std::string& name, const Dataset& data, const TrainingOptions& options);

}  // namespace kindling::demo
