// SPDX-License-Identifier: MIT
#include <kindling/core/nn/init.h>
#include <kindling/core/random.h>

#include <cmath>

namespace kindling::nn::init {

Tensor linear_uniform(const Shape& shape, std::int64_t fan_in, const TensorOptions& options) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
  return uniform(shape, -bound, bound, options);
}

}  // namespace kindling::nn::init
