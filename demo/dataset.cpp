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
  Dataset part{data.features, data.target, {}, {}};
  for (const std::size_t row : rows) {
    const auto first = data.x.begin() + static_cast<std::ptrdiff_t>(row * data.width());
    part.x.insert(part.x.end(), first, first + static_cast<std::ptrdiff_t>(data.width()));
    part.y.push_back(data.y[row]);
  }
  return part;
}

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace

Dataset make_dataset(const CsvTable& table, const std::string& target) {
  const auto found = std::find(table.columns.begin(), table.columns.end(), target);
  if (found == table.columns.end()) {
    throw ValueError(message("csv: ", table.source, " has no column '", target, "': it has ",
                             listed(table.columns)));
  }
  if (table.columns.size() < 2) {
    throw ValueError(
        message("csv: ", table.source, " has no column but the target '", target, "'"));
  }
  const auto target_index = static_cast<std::size_t>(found - table.columns.begin());
  Dataset data{table.columns, target, {}, {}};
  data.features.erase(data.features.begin() + static_cast<std::ptrdiff_t>(target_index));
  for (std::size_t i = 0; i < table.values.size(); ++i) {
    const bool is_target = i % table.columns.size() == target_index;
    (is_target ? data.y : data.x).push_back(table.values[i]);
  }
  return data;
}

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
    deviation_[c] = deviation > 1e-12 * std::abs(mean_[c]) ? deviation : 1.0;
  }
}

std::vector<double> Standardizer::apply(std::vector<double> values) const {
  const std::size_t width = mean_.size();
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = (values[i] - mean_[i % width]) / deviation_[i % width];
  return values;
}

std::vector<double> Standardizer::undo(std::vector<double> values) const {
  const std::size_t width = mean_.size();
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = values[i] * deviation_[i % width] + mean_[i % width];
  return values;
}

}  // namespace kindling::demo
