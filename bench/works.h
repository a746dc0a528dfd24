// SPDX-License-Identifier: MIT
// The training works that every step program measures, and the values they start from, so that all
// programs compute the same losses.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace kindling::bench {

enum class Update { sgd, adam };

/// A training step to measure: forward, MSE, backward, update and learning rate of a network of
/// Linear layers with ReLU between them.
struct Work {
  std::string name;
  std::vector<std::int64_t> widths;  // of the input, then of each layer's output
  std::int64_t batch = 0;            // rows
  Update update = Update::adam;
  double learning_rate = 0.0;  // after the warm-up

  std::size_t layers() const { return widths.size() - 1; }
};

// Adam's rate is tiny so that a program that takes more steps still measures the same network.
inline const std::vector<Work>& works() {
  static const std::vector<Work> kWorks = {
      {"A", {10, 1}, 10, Update::sgd, 0.1},
      {"B", {64, 64, 64, 1}, 32, Update::adam, 1e-6},
      {"C", {784, 512, 512, 10}, 128, Update::adam, 1e-6},
      {"D", {1024, 4096, 4096, 1024}, 256, Update::adam, 1e-6},
  };
  return kWorks;
}

/// Any other network, updated by Adam, by a name of widths and batch, like "784-512-10/128";
/// nothing for a name of another form.
inline std::optional<Work> work_of(const std::string& name) {
  Work work{name, {}, 0, Update::adam, 1e-6};
  const char* next = name.data();
  const char* const end = next + name.size();
  const auto read = [&](std::int64_t& value) {
    const auto [stop, error] = std::from_chars(next, end, value);
    next = stop;
    return error == std::errc() && value > 0;
  };
  for (char separator = '-'; separator == '-';) {
    if (!read(work.widths.emplace_back()) || next == end) return std::nullopt;
    separator = *next++;
    if (separator != '-' && separator != '/') return std::nullopt;
  }
  if (!read(work.batch) || next != end || work.widths.size() < 2) return std::nullopt;
  return work;
}

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;
constexpr std::int64_t kWarmUpSteps = 100;

/// Factor on the learning rate of update t (from 0): a linear warm-up, then 1.
inline double warm_up_factor(std::int64_t t) {
  return std::min(1.0, static_cast<double>(t + 1) / static_cast<double>(kWarmUpSteps));
}

/// Floating-point operations in the matrix products of one step: two products for the first layer
/// and three for the others.
inline double product_flops(const Work& work) {
  double flops = 0.0;
  for (std::size_t layer = 0; layer < work.layers(); ++layer) {
    const double one_product = 2.0 * static_cast<double>(work.batch) *
                               static_cast<double>(work.widths[layer]) *
                               static_cast<double>(work.widths[layer + 1]);
    flops += one_product * (layer == 0 ? 2.0 : 3.0);
  }
  return flops;
}

/// Bytes that the update must move if nothing is in a cache: parameter and gradient, and for Adam
/// two moments, are read, all but the gradient written.
inline double update_bytes(const Work& work) {
  double parameters = 0.0;
  for (std::size_t layer = 0; layer < work.layers(); ++layer)
    parameters += static_cast<double>((work.widths[layer] + 1) * work.widths[layer + 1]);
  return parameters * (work.update == Update::adam ? 28.0 : 12.0);
}

/// Uniform numbers from Marsaglia's xorshift64 (13, 7, 17).
class UniformRandom {
 public:
  explicit UniformRandom(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}

  /// A number in [-bound, bound).
  float operator()(double bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    const double unit = static_cast<double>(state_ >> 11) * 0x1p-53;
    return static_cast<float>((2.0 * unit - 1.0) * bound);
  }

  std::vector<float> vector(std::int64_t count, double bound) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values) value = (*this)(bound);
    return values;
  }

 private:
  std::uint64_t state_;
};

struct LayerValues {
  std::vector<float> weight;  // [out, in]
  std::vector<float> bias;    // [out]
};

/// What a work starts from; the same bits in every program.
struct WorkData {
  std::vector<float> inputs;   // [batch, widths.front()]
  std::vector<float> targets;  // [batch, widths.back()]
  std::vector<LayerValues> layers;

  explicit WorkData(const Work& work) {
    constexpr double kUnitVariance = 1.7320508075688772;  // bound of a uniform of variance 1
    UniformRandom random(1);
    inputs = random.vector(work.batch * work.widths.front(), kUnitVariance);
    targets = random.vector(work.batch * work.widths.back(), kUnitVariance);
    for (std::size_t layer = 0; layer < work.layers(); ++layer) {
      const std::int64_t in = work.widths[layer];
      const std::int64_t out = work.widths[layer + 1];
      const double bound = 1.0 / std::sqrt(static_cast<double>(in));
      std::vector<float> weight = random.vector(out * in, bound);
      layers.push_back({std::move(weight), random.vector(out, bound)});
    }
  }
};

}  // namespace kindling::bench
