// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/tensor.h>

#include <cstdint>

namespace kindling::nn::init {

/// U(-1/sqrt(fan_in), 1/sqrt(fan_in)): what PyTorch's Linear draws its weight and bias from
/// (kaiming_uniform_ with a = sqrt(5)). Drawn by the default generator.
KINDLING_API Tensor linear_uniform(const Shape& shape, std::int64_t fan_in,
                                   const TensorOptions& options = {});

}  // namespace kindling::nn::init
