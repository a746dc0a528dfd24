// SPDX-License-Identifier: MIT
#include "demo/task.h"

#include "demo/number.h"

#include <bit>
#include <cstdint>
#include <locale>
#include <sstream>

namespace kindling::demo {

std::string checksum(const Task& task) {
  std::uint64_t hash = 14695981039346656037U;
  for (const Tensor& values : {task.train.x, task.train.y, task.test.x, task.test.y}) {
    for (const double value : values.to(DType::float64).to_vector<double>()) {
      auto bits = std::bit_cast<std::uint64_t>(value);
      for (int byte = 0; byte < 8; ++byte, bits >>= 8)
        hash = (hash ^ (bits & 255)) * 1099511628211U;
    }
  }
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << std::hex << hash;
  return text.str();
}

std::string sizes(const Split& parts) {
  return message(counted(parts.train.rows()), " rows to train on, ", counted(parts.test.rows()),
                 " to test with, ", parts.train.width(), " features");
}

}  // namespace kindling::demo
