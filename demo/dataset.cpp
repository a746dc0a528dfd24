// SPDX-License-Identifier: MIT
#include "demo/dataset.h"

#include <kindling/core/error.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <span>
#include <utility>

namespace kindling::demo {
namespace {

// Fisher-Yates on a generator that the standard fixes to the bit; std::shuffle differs between
// standard libraries.
std::vector<std::size_t> permutation(std::size_t size, std::uint64_t seed) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  for (std::size_t i = size; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

Dataset take_rows(const Dataset& data, std::span<const std::size_t> rows) {
  Dataset part{data.features, data.target, {}, {}, data.classes};
  for (const std::size_t row : rows) {
    const auto first = data.x.begin() + static_cast<std::ptrdiff_t>(row * data.width());
    part.x.insert(part.x.end(), first, first + static_cast<std::ptrdiff_t>(data.width()));
    part.y.push_back(data.y[row]);
  }
  return part;
}

}  // namespace

Split split(const Dataset& data, double test_fraction, std::uint64_t seed) {
  const auto test_rows =
      static_cast<std::size_t>(std::llround(static_cast<double>(data.rows()) * test_fraction));
  if (test_rows == 0 || test_rows >= data.rows()) {
    throw ValueError(message("split: a test fraction of ", test_fraction, " of ", data.rows(),
                             " rows leaves nothing to train on or nothing to test with"));
  }
  const std::vector<std::size_t> order = permutation(data.rows(), seed);
  const std::span rows(order);
  return {.train = take_rows(data, rows.subspan(test_rows)),
          .test = take_rows(data, rows.first(test_rows))};
}

std::vector<double> column_means(const std::vector<double>& values, std::size_t width) {
  std::vector<double> mean(width, 0.0), count(width, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    mean[i % width] += values[i];
    count[i % width] += 1.0;
  }
  for (std::size_t c = 0; c < width; ++c) mean[c] /= std::max(1.0, count[c]);
  return mean;
}

std::vector<double> filled(std::vector<double> values, const std::vector<double>& fill) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (std::isnan(values[i])) values[i] = fill[i % fill.size()];
  return values;
}

Standardizer::Standardizer(const std::vector<double>& values, std::size_t width)
    : mean_(width, 0.0), deviation_(width, 0.0) {
  const std::size_t row_count = values.size() / width;
  const double rows = static_cast<double>(row_count);
  for (std::size_t i = 0; i < values.size(); ++i) mean_[i % width] += values[i] / rows;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double offset = values[i] - mean_[i % width];
    deviation_[i % width] += offset * offset / rows;
  }
  for (std::size_t c = 0; c < width; ++c) {
    // Rounding leaves a constant column a variance of about (1e-16 mean)^2.
    const double deviation = std::sqrt(deviation_[c]);
    deviation_[c] = deviation > 1e-12 * std::abs(mean_[c]) ? deviation : 0.0;
  }
}

std::vector<double> Standardizer::apply(std::vector<double> values) const {
  const std::size_t width = mean_.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double deviation = deviation_[i % width];
    values[i] = deviation > 0.0 ? (values[i] - mean_[i % width]) / deviation : 0.0;
  }
  return values;
}

std::vector<double> Standardizer::undo(std::vector<double> values) const {
  const std::size_t width = mean_.size();
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = values[i] * deviation_[i % width] + mean_[i % width];
  return values;
}

}  // namespace kindling::demo
