// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/tensor.h>

#include <cstdint>
#include <string>

/// First values of parameters, drawn by the default generator. Those that end in _ fill a tensor
/// [out, in, ...] in place, without a gradient, and return it; fan_in is the size of in times all
/// that follow, fan_out that of out times these. ShapeError for fewer than two dimensions.
namespace kindling::nn::init {

/// U(-1/sqrt(fan_in), 1/sqrt(fan_in)): what PyTorch's Linear draws its weight and bias from
/// (kaiming_uniform_ with a = sqrt(5)).
KINDLING_API Tensor linear_uniform(const Shape& shape, std::int64_t fan_in,
                                   const TensorOptions& options = {});

/// U(low, high), N(mean, std), and a constant; for tensors of any shape.
KINDLING_API const Tensor& uniform_(const Tensor& tensor, double low = 0, double high = 1);
KINDLING_API const Tensor& normal_(const Tensor& tensor, double mean = 0, double std = 1);
KINDLING_API const Tensor& constant_(const Tensor& tensor, double value);

/// Xavier (Glorot & Bengio, AISTATS 2010): variance gain^2 2 / (fan_in + fan_out).
KINDLING_API const Tensor& xavier_uniform_(const Tensor& tensor, double gain = 1);
KINDLING_API const Tensor& xavier_normal_(const Tensor& tensor, double gain = 1);

struct KaimingOptions {
  double a = 0;                             // the slope of a leaky_relu
  std::string mode = "fan_in";              // or "fan_out"
  std::string nonlinearity = "leaky_relu";  // what follows; see calculate_gain
};
/// Kaiming (He et al., arXiv:1502.01852): variance gain^2 / fan.
KINDLING_API const Tensor& kaiming_uniform_(const Tensor& tensor,
                                            const KaimingOptions& options = {});
KINDLING_API const Tensor& kaiming_normal_(const Tensor& tensor,
                                           const KaimingOptions& options = {});

/// The rows (or, where there are fewer, the columns) of the tensor seen as [out, rest] orthogonal
/// and of length gain (Saxe et al., arXiv:1312.6120). Computed on the host, in double.
KINDLING_API const Tensor& orthogonal_(const Tensor& tensor, double gain = 1);

/// The gain that keeps the variance through "linear", "sigmoid", "tanh", "relu", "leaky_relu" (with
/// a slope), as PyTorch has it. ValueError for another.
KINDLING_API double calculate_gain(const std::string& nonlinearity, double slope = 0.01);

}  // namespace kindling::nn::init
