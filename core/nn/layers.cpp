// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/nn/layers.h>
#include <kindling/core/ops.h>
#include <kindling/core/random.h>

#include <limits>
#include <span>
#include <vector>

namespace kindling::nn {

Tensor LeakyReLU::forward(const Tensor& x) const { return where(x > 0, x, x * negative_slope_); }

Tensor ELU::forward(const Tensor& x) const {
  // The exponential of a large x, which is not chosen, would be infinite, and 0 times its slope
  // NaN.
  const Tensor negative = clamp(x, -std::numeric_limits<double>::infinity(), 0);
  return where(x > 0, x, expm1(negative) * alpha_);
}

Tensor Softplus::forward(const Tensor& x) const { return softplus(x); }

Dropout::Dropout(double p) : p_(p) {
  if (!(p >= 0 && p <= 1)) {
    throw ValueError(message("Dropout: p ", p, ": a probability must be from 0 to 1"));
  }
}
Tensor Dropout::forward(const Tensor& x) const {
  if (!is_training() || p_ == 0) return x;
  const Tensor kept = rand_like(x) >= p_;
  return x * (kept * (p_ < 1 ? 1 / (1 - p_) : 0));
}

LayerNorm::LayerNorm(std::int64_t size, const LayerNormOptions& options)
    : weight(options.elementwise_affine
                 ? register_parameter(
                       "weight", ones({size}, {.dtype = options.dtype, .device = options.device}))
                 : Tensor()),
      bias(options.elementwise_affine
               ? register_parameter(
                     "bias", zeros({size}, {.dtype = options.dtype, .device = options.device}))
               : Tensor()),
      size_(size),
      eps_(options.eps) {
  if (size < 1 || !(options.eps >= 0)) {
    throw ValueError(message("LayerNorm: size ", size, ", eps ", options.eps,
                             ": the size must be at least 1, eps not negative"));
  }
}
Tensor LayerNorm::forward(const Tensor& x) const {
  const Shape& shape = detail::check_defined("LayerNorm", x).shape;
  if (shape.rank() == 0 || shape[shape.rank() - 1] != size_) {
    throw ShapeError(message("LayerNorm: input ", shape, ": expected rows of ", size_));
  }
  const Tensor distance = x - mean(x, -1, true);
  const Tensor y = distance / sqrt(mean(square(distance), -1, true) + eps_);
  return weight.defined() ? y * weight + bias : y;
}

Embedding::Embedding(std::int64_t count, std::int64_t size, const EmbeddingOptions& options)
    : weight(register_parameter(
          "weight", randn({count, size}, {.dtype = options.dtype, .device = options.device}))) {}
Tensor Embedding::forward(const Tensor& x) const {
  const Tensor rows = index_select(weight, flatten(x));
  std::vector<std::int64_t> sizes(x.shape().begin(), x.shape().end());
  sizes.push_back(weight.size(1));
  return reshape(rows, Shape(std::span<const std::int64_t>(sizes)));
}

}  // namespace kindling::nn
