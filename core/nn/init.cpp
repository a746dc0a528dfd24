// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/makers.h>
#include <kindling/core/nn/init.h>
#include <kindling/core/no_grad.h>
#include <kindling/core/ops.h>
#include <kindling/core/random.h>

#include <cmath>
#include <utility>
#include <vector>

namespace kindling::nn::init {
namespace {

struct Fans {
  double in = 1;
  double out = 1;
};

Fans fans_of(const char* op, const Tensor& tensor) {
  const Shape& shape = detail::check_defined(op, tensor).shape;
  if (shape.rank() < 2) {
    throw ShapeError(message(op, ": a tensor of shape ", shape, ": expected [out, in, ...]"));
  }
  double field = 1;
  for (int d = 2; d < shape.rank(); ++d) field *= static_cast<double>(shape[d]);
  return {static_cast<double>(shape[1]) * field, static_cast<double>(shape[0]) * field};
}

const Tensor& take(const Tensor& tensor, const Tensor& values) {
  const NoGradGuard no_grad;
  return tensor.copy_(values);
}

TensorOptions like(const char* op, const Tensor& tensor) {
  detail::check_floating(op, tensor);
  return detail::options_like(op, tensor);
}

const Tensor& fill_uniform(const char* op, const Tensor& tensor, double low, double high) {
  const TensorOptions options = like(op, tensor);
  return take(tensor, uniform(tensor.shape(), low, high, options));
}

const Tensor& fill_normal(const char* op, const Tensor& tensor, double mean, double std) {
  const TensorOptions options = like(op, tensor);
  if (!std::isfinite(mean) || !(std >= 0) || !std::isfinite(std)) {
    throw ValueError(
        message(op, ": mean ", mean, ", std ", std, ": must be finite, std not negative"));
  }
  const NoGradGuard no_grad;
  return take(tensor, randn(tensor.shape(), options) * std + mean);
}

double xavier_std(const char* op, const Tensor& tensor, double gain) {
  const Fans fans = fans_of(op, tensor);
  return gain * std::sqrt(2 / (fans.in + fans.out));
}

double kaiming_std(const char* op, const Tensor& tensor, const KaimingOptions& options) {
  const Fans fans = fans_of(op, tensor);
  if (options.mode != "fan_in" && options.mode != "fan_out") {
    throw ValueError(
        message(op, ": mode \"", options.mode, "\": must be \"fan_in\" or \"fan_out\""));
  }
  return calculate_gain(options.nonlinearity, options.a) /
         std::sqrt(options.mode == "fan_in" ? fans.in : fans.out);
}

}  // namespace

Tensor linear_uniform(const Shape& shape, std::int64_t fan_in, const TensorOptions& options) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
  return uniform(shape, -bound, bound, options);
}

const Tensor& uniform_(const Tensor& tensor, double low, double high) {
  return fill_uniform("uniform_", tensor, low, high);
}
const Tensor& normal_(const Tensor& tensor, double mean, double std) {
  return fill_normal("normal_", tensor, mean, std);
}
const Tensor& constant_(const Tensor& tensor, double value) {
  const NoGradGuard no_grad;
  return tensor.fill_(value);
}

const Tensor& xavier_uniform_(const Tensor& tensor, double gain) {
  // A uniform distribution has its variance where it reaches sqrt(3) standard deviations.
  const double bound = std::sqrt(3) * xavier_std("xavier_uniform_", tensor, gain);
  return fill_uniform("xavier_uniform_", tensor, -bound, bound);
}
const Tensor& xavier_normal_(const Tensor& tensor, double gain) {
  const double std = xavier_std("xavier_normal_", tensor, gain);
  return fill_normal("xavier_normal_", tensor, 0, std);
}
const Tensor& kaiming_uniform_(const Tensor& tensor, const KaimingOptions& options) {
  const double bound = std::sqrt(3) * kaiming_std("kaiming_uniform_", tensor, options);
  return fill_uniform("kaiming_uniform_", tensor, -bound, bound);
}
const Tensor& kaiming_normal_(const Tensor& tensor, const KaimingOptions& options) {
  const double std = kaiming_std("kaiming_normal_", tensor, options);
  return fill_normal("kaiming_normal_", tensor, 0, std);
}

const Tensor& orthogonal_(const Tensor& tensor, double gain) {
  fans_of("orthogonal_", tensor);
  const TensorOptions options = like("orthogonal_", tensor);
  const auto out = static_cast<std::size_t>(tensor.size(0));
  const std::size_t rest = out == 0 ? 0 : static_cast<std::size_t>(tensor.numel()) / out;
  const bool by_rows = out <= rest;
  const std::size_t count = by_rows ? out : rest;
  const std::size_t length = by_rows ? rest : out;
  std::vector<double> vectors =
      randn({tensor.numel()}, {.dtype = DType::float64, .device = options.device})
          .to_vector<double>();
  const auto dot = [&](std::size_t a, std::size_t b) {
    double sum = 0;
    for (std::size_t i = 0; i < length; ++i)
      sum += vectors[a * length + i] * vectors[b * length + i];
    return sum;
  };
  // Gram and Schmidt, twice: what rounding leaves of the others the first time is gone then.
  for (std::size_t v = 0; v < count; ++v) {
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t other = 0; other < v; ++other) {
        const double along = dot(v, other);
        for (std::size_t i = 0; i < length; ++i)
          vectors[v * length + i] -= along * vectors[other * length + i];
      }
      const double norm = std::sqrt(dot(v, v));
      for (std::size_t i = 0; i < length; ++i) vectors[v * length + i] /= norm;
    }
  }
  std::vector<double> values(vectors.size());
  for (std::size_t v = 0; v < count; ++v)
    for (std::size_t i = 0; i < length; ++i)
      values[by_rows ? v * length + i : i * count + v] = gain * vectors[v * length + i];
  return take(tensor, from_data(values, tensor.shape()).to(options.dtype).to(options.device));
}

double calculate_gain(const std::string& nonlinearity, double slope) {
  if (nonlinearity == "linear" || nonlinearity == "sigmoid") return 1;
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "relu") return std::sqrt(2);
  if (nonlinearity == "leaky_relu") return std::sqrt(2 / (1 + slope * slope));
  throw ValueError(message("calculate_gain: nonlinearity \"", nonlinearity,
                           "\": must be \"linear\", \"sigmoid\", \"tanh\", \"relu\" or ",
                           "\"leaky_relu\""));
}

}  // namespace kindling::nn::init
