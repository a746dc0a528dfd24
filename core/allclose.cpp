// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/ops.h>

#include <cmath>

namespace kindling {

bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  detail::check_same("allclose", a, b);
  if (a.shape() != b.shape()) {
    throw ShapeError(message("allclose: shapes ", a.shape(), " and ", b.shape(), " differ"));
  }
  const std::vector<double> first = a.to_vector<double>();
  const std::vector<double> second = b.to_vector<double>();
  for (std::size_t i = 0; i < first.size(); ++i) {
    const double x = first[i];
    const double y = second[i];
    if (x == y || (equal_nan && std::isnan(x) && std::isnan(y))) continue;
    if (!(std::isfinite(y) && std::abs(x - y) <= atol + rtol * std::abs(y))) return false;
  }
  return true;
}

}  // namespace kindling
