// SPDX-License-Identifier: MIT
#include "demo/task.h"

#include "demo/number.h"

#include <utility>

namespace kindling::demo {

Split standardized(Split parts) {
  const Standardizer features(parts.train.x, parts.train.width());
  parts.train.x = features.apply(std::move(parts.train.x));
  parts.test.x = features.apply(std::move(parts.test.x));
  return parts;
}

std::string sizes(const Split& parts) {
  return message(counted(parts.train.rows()), " rows to train on, ", counted(parts.test.rows()),
                 " to test with, ", parts.train.width(), " features");
}

std::vector<std::int64_t> layer_widths(std::size_t features,
                                       const std::vector<std::int64_t>& hidden,
                                       std::size_t outputs) {
  std::vector<std::int64_t> widths{static_cast<std::int64_t>(features)};
  widths.insert(widths.end(), hidden.begin(), hidden.end());
  widths.push_back(static_cast<std::int64_t>(outputs));
  return widths;
}

}  // namespace kindling::demo
