// SPDX-License-Identifier: MIT
#pragma once

#include "demo/dataset.h"
#include "demo/training_options.h"

#include <string>

namespace kindling::demo {

/// Trains a classifier on `data.train` and prints its accuracy on `data.test`. The targets are
/// classes 0, 1, 2, ...; `loss` is "cross_entropy", or "mse" for the squared error from their
/// one-hot form. The features are taken as they are. ValueError for a target that is no class.
void run_classification(const std::string& name, const Split& data, const std::string& loss,
                        const TrainingOptions& options);

}  // namespace kindling::demo
