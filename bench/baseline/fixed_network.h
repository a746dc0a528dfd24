// SPDX-License-Identifier: MIT
#pragma once

#include "bench/baseline/lanes.h"
#include "bench/baseline/updates.h"
#include "bench/works.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace kindling::bench {

/// Work B with every size known to the compiler: 64-64-64-1, ReLU, MSE and Adam over a batch of 32.
/// Weights lie transposed, [in, out], so that every product runs along 64 adjacent columns.
class FixedNetwork {
 public:
  explicit FixedNetwork(const Work& work) : learning_rate_(work.learning_rate) {
    const WorkData data(work);
    std::copy(data.inputs.begin(), data.inputs.end(), &inputs_[0][0]);
    std::copy(data.targets.begin(), data.targets.end(), targets_);
    for (std::size_t out = 0; out < kWidth; ++out) {
      for (std::size_t in = 0; in < kWidth; ++in) {
        parameters_.weight1[in][out] = data.layers[0].weight[out * kWidth + in];
        parameters_.weight2[in][out] = data.layers[1].weight[out * kWidth + in];
      }
      parameters_.bias1[out] = data.layers[0].bias[out];
      parameters_.bias2[out] = data.layers[1].bias[out];
      parameters_.weight3[out] = data.layers[2].weight[out];
    }
    parameters_.bias3[0] = data.layers[2].bias[0];
  }

  void run() {
    add_layer(inputs_, parameters_.weight1, parameters_.bias1, hidden1_);
    add_layer(hidden1_, parameters_.weight2, parameters_.bias2, hidden2_);
    last_layer_and_loss();

    weight_gradient(hidden1_, hidden2_gradient_, gradients_.weight2);
    for (std::size_t in = 0; in < kWidth; ++in) {
      for (std::size_t out = 0; out < kWidth; ++out) {
        weight2_transposed_[out][in] = parameters_.weight2[in][out];
      }
    }
    Row bias_sums;
    multiply<kBatch, kWidth>([this](auto row, auto k) { return hidden2_gradient_[row][k]; },
                             weight2_transposed_,
                             [this, &bias_sums](std::size_t row, std::size_t v, Lanes product) {
                               const Lanes hidden = load(&hidden1_[row][v * kLanes]);
                               const Lanes gradient = keep_where_positive(hidden, product);
                               bias_sums.vectors[v] += gradient;
                               store(gradient, &hidden1_gradient_[row][v * kLanes]);
                             });
    store_row(bias_sums, gradients_.bias1);
    weight_gradient(inputs_, hidden1_gradient_, gradients_.weight1);

    const double learning_rate = learning_rate_ * warm_up_factor(updates_);
    adam_range(parameters_.all(), gradients_.all(), means_.all(), squares_.all(), 0,
               sizeof(Parameters) / sizeof(float), AdamFactors(learning_rate, updates_));
    ++updates_;
  }

  double loss() const { return loss_; }

 private:
  static constexpr std::size_t kBatch = 32;
  static constexpr std::size_t kWidth = 64;
  static constexpr std::size_t kVectors = kWidth / kLanes;
  // A tile of products that fits the registers: 4 rows by 4 vectors of 32 registers, or by 2 of 16.
  static constexpr std::size_t kTileRows = 4;
  static constexpr std::size_t kTileVectors = kLanes == 16 ? 4 : 2;
  static_assert(kVectors % kTileVectors == 0);

  struct Row {
    Lanes vectors[kVectors] = {};
  };
  using Matrix = float[kWidth][kWidth];
  using BatchMatrix = float[kBatch][kWidth];

  struct Parameters {
    alignas(64) Matrix weight1 = {};
    float bias1[kWidth] = {};
    Matrix weight2 = {};
    float bias2[kWidth] = {};
    float weight3[kWidth] = {};
    float bias3[16] = {};  // one, and padding

    float* all() { return &weight1[0][0]; }
  };

  /// Calls finish(row, vector, product) on every vector of left [Rows, Inner] * right [Inner, 64].
  template <std::size_t Rows, std::size_t Inner, class Left, class Finish>
  static void multiply(Left left, const float (*right)[kWidth], Finish finish) {
    for (std::size_t first_row = 0; first_row < Rows; first_row += kTileRows) {
      for (std::size_t first = 0; first < kVectors; first += kTileVectors) {
        Lanes sums[kTileRows][kTileVectors] = {};
        for (std::size_t k = 0; k < Inner; ++k) {
          for (std::size_t row = 0; row < kTileRows; ++row) {
            const float factor = left(first_row + row, k);
            for (std::size_t v = 0; v < kTileVectors; ++v) {
              sums[row][v] += factor * load(&right[k][(first + v) * kLanes]);
            }
          }
        }
        for (std::size_t row = 0; row < kTileRows; ++row) {
          for (std::size_t v = 0; v < kTileVectors; ++v) {
            finish(first_row + row, first + v, sums[row][v]);
          }
        }
      }
    }
  }

  static void add_layer(const BatchMatrix& inputs, const Matrix& weight, const float* bias,
                        BatchMatrix& outputs) {
    multiply<kBatch, kWidth>([&](auto row, auto k) { return inputs[row][k]; }, weight,
                             [&](std::size_t row, std::size_t v, Lanes product) {
                               const Lanes sum = product + load(bias + v * kLanes);
                               store(keep_where_positive(sum, sum), &outputs[row][v * kLanes]);
                             });
  }

  static void weight_gradient(const BatchMatrix& inputs, const BatchMatrix& output_gradient,
                              Matrix& gradient) {
    multiply<kWidth, kBatch>([&](auto in, auto row) { return inputs[row][in]; }, output_gradient,
                             [&](std::size_t in, std::size_t v, Lanes product) {
                               store(product, &gradient[in][v * kLanes]);
                             });
  }

  static void store_row(const Row& values, float* target) {
    for (std::size_t v = 0; v < kVectors; ++v) store(values.vectors[v], target + v * kLanes);
  }

  // The layer of one output, the loss and their gradients, in one pass over the second hidden
  // layer.
  void last_layer_and_loss() {
    Row weight_sums;
    Row bias2_sums;
    float bias3_sum = 0.0F;
    float loss_sum = 0.0F;
    for (std::size_t row = 0; row < kBatch; ++row) {
      Row hidden;
      Lanes products = {};
      for (std::size_t v = 0; v < kVectors; ++v) {
        hidden.vectors[v] = load(&hidden2_[row][v * kLanes]);
        products += hidden.vectors[v] * load(&parameters_.weight3[v * kLanes]);
      }
      const float difference = sum_of(products) + parameters_.bias3[0] - targets_[row];
      loss_sum += difference * difference;
      const float output_gradient = difference * (2.0F / kBatch);
      bias3_sum += output_gradient;
      for (std::size_t v = 0; v < kVectors; ++v) {
        weight_sums.vectors[v] += output_gradient * hidden.vectors[v];
        const Lanes gradient = keep_where_positive(
            hidden.vectors[v], output_gradient * load(&parameters_.weight3[v * kLanes]));
        bias2_sums.vectors[v] += gradient;
        store(gradient, &hidden2_gradient_[row][v * kLanes]);
      }
    }
    loss_ = loss_sum / kBatch;
    store_row(weight_sums, gradients_.weight3);
    store_row(bias2_sums, gradients_.bias2);
    gradients_.bias3[0] = bias3_sum;
  }

  Parameters parameters_;
  Parameters gradients_;
  Parameters means_;
  Parameters squares_;
  alignas(64) BatchMatrix inputs_;
  alignas(64) BatchMatrix hidden1_;
  alignas(64) BatchMatrix hidden2_;
  alignas(64) BatchMatrix hidden1_gradient_;
  alignas(64) BatchMatrix hidden2_gradient_;
  alignas(64) Matrix weight2_transposed_;
  float targets_[kBatch];
  double learning_rate_;
  std::int64_t updates_ = 0;
  float loss_ = 0.0F;
};

}  // namespace kindling::bench
