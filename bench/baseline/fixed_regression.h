// SPDX-License-Identifier: MIT
#pragma once

#include "bench/baseline/lanes.h"
#include "bench/works.h"

#include <cstddef>
#include <cstdint>

namespace kindling::bench {

/// Work A with every size known to the compiler: Linear(10, 1), MSE and SGD over a batch of 10.
class FixedRegression {
 public:
  explicit FixedRegression(const Work& work) : learning_rate_(work.learning_rate) {
    const WorkData data(work);
    for (std::size_t row = 0; row < kBatch; ++row) {
      for (std::size_t i = 0; i < kIn; ++i) inputs_[row][i] = data.inputs[row * kIn + i];
      inputs_[row][kIn] = 1.0F;
      targets_[row] = data.targets[row];
    }
    for (std::size_t i = 0; i < kIn; ++i) parameters_[i] = data.layers[0].weight[i];
    parameters_[kIn] = data.layers[0].bias[0];
  }

  void run() {
    Row gradient;
    const Row parameters = load_row(parameters_);
    float sum = 0.0F;
    for (std::size_t row = 0; row < kBatch; ++row) {
      const Row input = load_row(inputs_[row]);
      Lanes products = parameters.vectors[0] * input.vectors[0];
      for (std::size_t v = 1; v < kVectors; ++v)
        products += parameters.vectors[v] * input.vectors[v];
      const float difference = sum_of(products) - targets_[row];
      sum += difference * difference;
      const float factor = difference * (2.0F / kBatch);
      for (std::size_t v = 0; v < kVectors; ++v) gradient.vectors[v] += factor * input.vectors[v];
    }
    loss_ = sum / kBatch;
    const auto rate = static_cast<float>(learning_rate_ * warm_up_factor(updates_));
    for (std::size_t v = 0; v < kVectors; ++v) {
      store(parameters.vectors[v] - rate * gradient.vectors[v], &parameters_[v * kLanes]);
    }
    ++updates_;
  }

  double loss() const { return loss_; }

 private:
  static constexpr std::size_t kIn = 10;
  static constexpr std::size_t kBatch = 10;
  static constexpr std::size_t kPadded = 16;  // inputs, a 1 for the bias, zeros
  static constexpr std::size_t kVectors = kPadded / kLanes;
  static_assert(kPadded % kLanes == 0);

  struct Row {
    Lanes vectors[kVectors] = {};
  };
  static Row load_row(const float* source) {
    Row row;
    for (std::size_t v = 0; v < kVectors; ++v) row.vectors[v] = load(source + v * kLanes);
    return row;
  }

  alignas(64) float parameters_[kPadded] = {};
  alignas(64) float inputs_[kBatch][kPadded] = {};
  float targets_[kBatch] = {};
  double learning_rate_;
  std::int64_t updates_ = 0;
  float loss_ = 0.0F;
};

}  // namespace kindling::bench
