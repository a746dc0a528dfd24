// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

namespace kindling::demo {

/// How far predictions are from what was to be predicted.
struct Errors {
  double rmse, mae;
  double r2;  ///< the share of the variance that is explained; NaN where there is no variance
};

Errors errors_of(const std::vector<double>& predicted, const std::vector<double>& wanted);

}  // namespace kindling::demo
