// SPDX-License-Identifier: MIT
#pragma once

#include "bench/baseline/array.h"
#include "bench/baseline/parallel.h"
#include "bench/baseline/updates.h"
#include "bench/works.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kindling::bench {

/// The training step without a framework, sizes known at run time: preallocated buffers, one array
/// for all parameters, bias + ReLU, loss + gradient and the update each fused into one pass.
///
/// `Products` multiplies row-major matrices:
///   static void forward(m, n, k, a, b, c);            c [m, n] = a [m, k] * transpose(b [n, k])
///   static void weight_gradient(m, n, k, a, b, c);    c [m, n] = transpose(a [k, m]) * b [k, n]
///   static void input_gradient(m, n, k, a, b, c);     c [m, n] = a [m, k] * b [k, n]
template <class Products>
class TrainingStep {
 public:
  explicit TrainingStep(const Work& work) : work_(work) {
    const WorkData data(work);
    inputs_ = Array(data.inputs);
    targets_ = Array(data.targets);
    for (std::size_t l = 0; l < work.layers(); ++l) {
      const std::int64_t in = work.widths[l];
      const std::int64_t out = work.widths[l + 1];
      layers_.push_back({in, out, parameter_count_, parameter_count_ + in * out,
                         Array(work.batch * out), Array(work.batch * out)});
      parameter_count_ = (parameter_count_ + in * out + out + 15) / 16 * 16;
    }
    parameters_ = Array(parameter_count_, 0);
    gradients_ = Array(parameter_count_, 1);
    means_ = Array(parameter_count_, 2);
    squares_ = Array(parameter_count_, 3);
    for (std::size_t l = 0; l < work.layers(); ++l) {
      const LayerValues& values = data.layers[l];
      std::copy(values.weight.begin(), values.weight.end(),
                parameters_.data() + layers_[l].weight_offset);
      std::copy(values.bias.begin(), values.bias.end(),
                parameters_.data() + layers_[l].bias_offset);
    }
  }

  // Gradients are overwritten, so there is nothing to clear.
  void run() {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      Layer& layer = layers_[l];
      Products::forward(work_.batch, layer.out, layer.in, input_of(l), weight(layer),
                        layer.output.data());
      if (l + 1 < layers_.size()) {
        add_bias_and_clip(layer);
      } else {
        add_bias_and_compare(layer);
      }
    }
    for (std::size_t l = layers_.size(); l-- > 0;) {
      Layer& layer = layers_[l];
      Products::weight_gradient(layer.out, layer.in, work_.batch, layer.output_gradient.data(),
                                input_of(l), gradients_.data() + layer.weight_offset);
      sum_bias_gradient(layer);
      if (l > 0) {
        Layer& below = layers_[l - 1];
        Products::input_gradient(work_.batch, layer.in, layer.out, layer.output_gradient.data(),
                                 weight(layer), below.output_gradient.data());
        mask_gradient(below);
      }
    }
    update();
  }

  double loss() const { return loss_; }

 private:
  struct Layer {
    std::int64_t in;
    std::int64_t out;
    std::int64_t weight_offset;  // of [out, in] among the parameters
    std::int64_t bias_offset;
    Array output;           // [batch, out], after the ReLU
    Array output_gradient;  // [batch, out]
  };

  const float* input_of(std::size_t l) const {
    return l == 0 ? inputs_.data() : layers_[l - 1].output.data();
  }
  const float* weight(const Layer& layer) const { return parameters_.data() + layer.weight_offset; }

  void add_bias_and_clip(Layer& layer) {
    const float* bias = parameters_.data() + layer.bias_offset;
    float* output = layer.output.data();
    const std::int64_t width = layer.out;
    parallel_ranges(work_.batch, work_.batch * width, [=](std::int64_t first, std::int64_t last) {
      for (std::int64_t row = first; row < last; ++row) {
        float* __restrict values = output + row * width;
        for (std::int64_t i = 0; i < width; ++i) values[i] = std::max(values[i] + bias[i], 0.0F);
      }
    });
  }

  void add_bias_and_compare(Layer& layer) {
    const float* __restrict bias = parameters_.data() + layer.bias_offset;
    const float elements = static_cast<float>(work_.batch * layer.out);
    float sum = 0.0F;
    for (std::int64_t row = 0; row < work_.batch; ++row) {
      const float* __restrict output = layer.output.data() + row * layer.out;
      const float* __restrict target = targets_.data() + row * layer.out;
      float* __restrict gradient = layer.output_gradient.data() + row * layer.out;
      for (std::int64_t i = 0; i < layer.out; ++i) {
        const float difference = output[i] + bias[i] - target[i];
        sum += difference * difference;
        gradient[i] = 2.0F / elements * difference;
      }
    }
    loss_ = sum / elements;
  }

  void sum_bias_gradient(Layer& layer) {
    float* bias_gradient = gradients_.data() + layer.bias_offset;
    const float* gradient = layer.output_gradient.data();
    const std::int64_t width = layer.out;
    const std::int64_t batch = work_.batch;
    parallel_ranges(width, batch * width, [=](std::int64_t first, std::int64_t last) {
      std::fill(bias_gradient + first, bias_gradient + last, 0.0F);
      for (std::int64_t row = 0; row < batch; ++row) {
        const float* __restrict values = gradient + row * width;
        float* __restrict sums = bias_gradient;
        for (std::int64_t i = first; i < last; ++i) sums[i] += values[i];
      }
    });
  }

  void mask_gradient(Layer& layer) {
    const float* output = layer.output.data();
    float* gradient = layer.output_gradient.data();
    const std::int64_t count = work_.batch * layer.out;
    parallel_ranges(count, count, [=](std::int64_t first, std::int64_t last) {
      const float* __restrict values = output;
      float* __restrict masked = gradient;
      for (std::int64_t i = first; i < last; ++i) masked[i] = values[i] > 0.0F ? masked[i] : 0.0F;
    });
  }

  void update() {
    const double learning_rate = work_.learning_rate * warm_up_factor(updates_);
    if (work_.update == Update::adam) {
      adam_update(parameters_.data(), gradients_.data(), means_.data(), squares_.data(),
                  parameter_count_, AdamFactors(learning_rate, updates_));
    } else {
      sgd_update(parameters_.data(), gradients_.data(), parameter_count_,
                 static_cast<float>(learning_rate));
    }
    ++updates_;
  }

  Work work_;
  Array inputs_;
  Array targets_;
  std::vector<Layer> layers_;
  std::int64_t parameter_count_ = 0;
  Array parameters_;
  Array gradients_;
  Array means_;
  Array squares_;
  std::int64_t updates_ = 0;
  float loss_ = 0.0F;
};

}  // namespace kindling::bench
