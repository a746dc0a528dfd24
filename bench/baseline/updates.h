// SPDX-License-Identifier: MIT
// The parameter updates of the hand-written programs, one fused pass each.
#pragma once

#include "bench/baseline/parallel.h"
#include "bench/works.h"

#include <cmath>
#include <cstdint>

namespace kindling::bench {

/// The scalars of Adam's update t (from 0), with the bias corrections folded in.
struct AdamFactors {
  float step_size;          // lr / (1 - beta1^(t+1))
  float inverse_root_bias;  // 1 / sqrt(1 - beta2^(t+1))

  AdamFactors(double learning_rate, std::int64_t t) {
    const auto updates = static_cast<double>(t + 1);
    step_size = static_cast<float>(learning_rate / (1.0 - std::pow(kBeta1, updates)));
    inverse_root_bias = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(kBeta2, updates)));
  }
};

/// Adam (Kingma and Ba 2015) as PyTorch defines it: epsilon is added after the corrected root.
inline void adam_range(float* __restrict parameters, const float* __restrict gradients,
                       float* __restrict means, float* __restrict squares, std::int64_t first,
                       std::int64_t last, AdamFactors factors) {
  constexpr auto beta1 = static_cast<float>(kBeta1);
  constexpr auto beta2 = static_cast<float>(kBeta2);
  constexpr auto epsilon = static_cast<float>(kEpsilon);
  for (std::int64_t i = first; i < last; ++i) {
    const float gradient = gradients[i];
    const float mean = beta1 * means[i] + (1.0F - beta1) * gradient;
    const float square = beta2 * squares[i] + (1.0F - beta2) * gradient * gradient;
    means[i] = mean;
    squares[i] = square;
    parameters[i] -=
        factors.step_size * mean / (std::sqrt(square) * factors.inverse_root_bias + epsilon);
  }
}

inline void adam_update(float* parameters, const float* gradients, float* means, float* squares,
                        std::int64_t count, AdamFactors factors) {
  parallel_ranges(count, count, [=](std::int64_t first, std::int64_t last) {
    adam_range(parameters, gradients, means, squares, first, last, factors);
  });
}

inline void sgd_update(float* __restrict parameters, const float* __restrict gradients,
                       std::int64_t count, float learning_rate) {
  for (std::int64_t i = 0; i < count; ++i) parameters[i] -= learning_rate * gradients[i];
}

}  // namespace kindling::bench
