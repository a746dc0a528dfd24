// SPDX-License-Identifier: MIT
#include "demo/axis.h"

#include "demo/number.h"

#include <algorithm>
#include <cmath>

namespace kindling::demo {
namespace {

constexpr double kTolerance = 1e-9;  // of a tick step or a decade

// The power of ten with the exponent in superscript: "10⁻³".
std::string power_of_ten(int exponent) {
  static const char* const kSuperscripts[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = exponent < 0 ? "10⁻" : "10";
  for (const char digit : std::to_string(std::abs(exponent))) text += kSuperscripts[digit - '0'];
  return text;
}

int exponent_of(double value) {
  return static_cast<int>(std::floor(std::log10(value) + kTolerance));
}

std::string plain_label(double value, int decimals) {
  const std::string text = format_fixed(value, decimals);
  return decimals == 0 && std::abs(value) >= 1000.0 ? format_count(std::llround(value)) : text;
}

// Labels a tick of a linear axis whose ticks are `step` apart and whose largest value is `largest`.
std::string linear_label(double value, double step, double largest) {
  if (std::abs(value) < step * kTolerance) return "0";
  const int exponent = exponent_of(largest);
  if (exponent >= 6 || exponent <= -4) {
    const int decimals = std::max(0, exponent - exponent_of(step));
    return format_fixed(value / std::pow(10.0, exponent), decimals) + "×" + power_of_ten(exponent);
  }
  return plain_label(value, std::max(0, -exponent_of(step)));
}

// The 1, 2 or 5 times a power of ten that cuts `range` into about `count` parts.
double tick_step(double range, int count) {
  const double rough = range / count;
  const double magnitude = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * magnitude * 1.3) return factor * magnitude;
  }
  return 10.0 * magnitude;
}

// A range of no extent cannot be drawn.
void widen(double& low, double& high) {
  const double least = std::max(1e-12, 1e-6 * std::max(std::abs(low), std::abs(high)));
  if (high - low >= least) return;
  const double middle = (low + high) / 2.0;
  const double half = middle == 0.0 ? 0.5 : std::abs(middle) / 2.0;
  low = middle - half;
  high = middle + half;
}

}  // namespace

Axis::Axis(double low, double high, bool logarithmic)
    : low_(low), high_(high), logarithmic_(logarithmic) {}

Axis Axis::linear(double low, double high, int tick_count) {
  widen(low, high);
  return with_step(low, high, tick_step(high - low, tick_count));
}

Axis Axis::linear_rounded(double low, double high, int tick_count) {
  widen(low, high);
  const double step = tick_step(high - low, tick_count);
  return with_step(std::floor(low / step + kTolerance) * step,
                   std::ceil(high / step - kTolerance) * step, step);
}

Axis Axis::with_step(double low, double high, double step) {
  Axis axis(low, high, false);
  const auto first = static_cast<long long>(std::ceil(low / step - kTolerance));
  const auto last = static_cast<long long>(std::floor(high / step + kTolerance));
  const double largest = std::max(std::abs(low), std::abs(high));
  for (long long i = first; i <= last; ++i) {
    const double value = static_cast<double>(i) * step;
    axis.ticks_.push_back({value, linear_label(value, step, largest)});
  }
  return axis;
}

Axis Axis::logarithmic(double low, double high) {
  if (high / low < 1.5) {
    low /= 1.25;
    high *= 1.25;
  }
  Axis axis(low, high, true);
  const double decades = std::log10(high / low);
  const bool powers = low < 0.9e-3 || high > 1.1e5;  // else plain numbers are shorter to read
  const int every = std::max(1, static_cast<int>(std::ceil(decades / 6.0)));
  for (int exponent = exponent_of(low); exponent <= exponent_of(high); ++exponent) {
    for (int factor = 1; factor <= 9; ++factor) {
      const double value = factor * std::pow(10.0, exponent);
      if (value < low * (1.0 - kTolerance) || value > high * (1.0 + kTolerance)) continue;
      const bool labelled =
          factor == 1 ? exponent % every == 0 : decades < 1.7 && (factor == 2 || factor == 5);
      std::string label;
      if (labelled && powers)
        label = (factor == 1 ? "" : std::to_string(factor) + "×") + power_of_ten(exponent);
      if (labelled && !powers) label = plain_label(value, std::max(0, -exponent));
      axis.ticks_.push_back({value, label});
    }
  }
  return axis;
}

double Axis::position(double value) const {
  if (logarithmic_) return std::log(value / low_) / std::log(high_ / low_);
  return (value - low_) / (high_ - low_);
}

}  // namespace kindling::demo
