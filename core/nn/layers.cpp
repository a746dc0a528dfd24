// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/nn/layers.h>
#include <kindling/core/no_grad.h>
#include <kindling/core/ops.h>
#include <kindling/core/random.h>

#include <limits>
#include <span>
#include <vector>

namespace kindling::nn {

LeakyReLU::LeakyReLU(double negative_slope) : negative_slope_(negative_slope) {
  describe(message("LeakyReLU(", negative_slope, ")"));
}
Tensor LeakyReLU::forward(const Tensor& x) const { return where(x > 0, x, x * negative_slope_); }

ELU::ELU(double alpha) : alpha_(alpha) { describe(message("ELU(", alpha, ")")); }
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
  describe(message("Dropout(", p, ")"));
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
  describe(message("LayerNorm(", size, ")"));
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

namespace {

Tensor constants(std::int64_t features, double value, const BatchNorm1dOptions& options) {
  return full({features}, value, {.dtype = options.dtype, .device = options.device});
}

}  // namespace

BatchNorm1d::BatchNorm1d(std::int64_t features, const BatchNorm1dOptions& options)
    : weight(options.affine ? register_parameter("weight", constants(features, 1, options))
                            : Tensor()),
      bias(options.affine ? register_parameter("bias", constants(features, 0, options)) : Tensor()),
      running_mean(register_buffer("running_mean", constants(features, 0, options))),
      running_var(register_buffer("running_var", constants(features, 1, options))),
      num_batches_tracked(register_buffer(
          "num_batches_tracked", zeros({}, {.dtype = DType::int64, .device = options.device}))),
      eps_(options.eps),
      momentum_(options.momentum) {
  if (features < 1 || !(options.eps >= 0) || !(options.momentum >= 0 && options.momentum <= 1)) {
    throw ValueError(message("BatchNorm1d: features ", features, ", eps ", options.eps,
                             ", momentum ", options.momentum,
                             ": expected at least 1, not negative, and from 0 to 1"));
  }
  describe(message("BatchNorm1d(", features, ")"));
}

Tensor BatchNorm1d::forward(const Tensor& x) const {
  const Shape& shape = detail::check_defined("BatchNorm1d", x).shape;
  const std::int64_t features = running_mean.numel();
  if (shape.rank() < 2 || shape.rank() > 3 || shape[1] != features) {
    throw ShapeError(message("BatchNorm1d: input ", shape, ": expected [batch, ", features,
                             "] or [batch, ", features, ", length]"));
  }
  const bool has_length = shape.rank() == 3;
  const Shape along = has_length ? Shape(features, 1) : Shape(features);
  const auto shaped = [&](const Tensor& values) { return reshape(values, along); };
  Tensor mean = running_mean;
  Tensor variance = running_var;
  if (is_training()) {
    const std::int64_t count = x.numel() / features;
    if (count < 2) {
      throw ValueError(message("BatchNorm1d: input ", shape,
                               ": training needs more than one value ",
                               "of each feature: use a larger batch, or eval()"));
    }
    const std::vector<int> dims = has_length ? std::vector<int>{0, 2} : std::vector<int>{0};
    mean = kindling::mean(x, dims);
    variance = kindling::mean(square(x - shaped(mean)), dims);
    const NoGradGuard no_grad;
    const double unbiased = static_cast<double>(count) / static_cast<double>(count - 1);
    running_mean += (mean - running_mean) * momentum_;
    running_var += (variance * unbiased - running_var) * momentum_;
    num_batches_tracked += 1;
  }
  const Tensor y = (x - shaped(mean)) / sqrt(shaped(variance) + eps_);
  return weight.defined() ? y * shaped(weight) + shaped(bias) : y;
}

Embedding::Embedding(std::int64_t count, std::int64_t size, const EmbeddingOptions& options)
    : weight(register_parameter(
          "weight", randn({count, size}, {.dtype = options.dtype, .device = options.device}))) {
  describe(message("Embedding(", count, ", ", size, ")"));
}
Tensor Embedding::forward(const Tensor& x) const {
  const Tensor numbers = flatten(x);
  detail::check_whole_numbers("Embedding", "input", numbers, weight.size(0));
  const Tensor rows = index_select(weight, numbers);
  std::vector<std::int64_t> sizes(x.shape().begin(), x.shape().end());
  sizes.push_back(weight.size(1));
  return reshape(rows, Shape(std::span<const std::int64_t>(sizes)));
}

}  // namespace kindling::nn
