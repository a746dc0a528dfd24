// SPDX-License-Identifier: MIT
#include "demo/errors.h"

#include <cmath>
#include <numeric>

namespace kindling::demo {

Errors errors_of(const std::vector<double>& predicted, const std::vector<double>& wanted) {
  const double rows = static_cast<double>(wanted.size());
  const double mean = std::accumulate(wanted.begin(), wanted.end(), 0.0) / rows;
  double squares = 0.0, sizes = 0.0, variance = 0.0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double error = predicted[i] - wanted[i];
    squares += error * error / rows;
    sizes += std::abs(error) / rows;
    variance += (wanted[i] - mean) * (wanted[i] - mean) / rows;
  }
  return {std::sqrt(squares), sizes, variance > 0.0 ? 1.0 - squares / variance : std::nan("")};
}

}  // namespace kindling::demo
