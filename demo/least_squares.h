// SPDX-License-Identifier: MIT
#pragma once

#include "demo/dataset.h"

#include <vector>

namespace kindling::demo {

/// Fits y = intercept + coefficients . x to `train` by ordinary least squares (Eigen's pivoted QR,
/// so that columns that depend on each other are no trouble) and returns its predictions for
/// `test`, one per row.
std::vector<double> least_squares_predictions(const Dataset& train, const Dataset& test);

}  // namespace kindling::demo
