// SPDX-License-Identifier: MIT
// The rows of the report's table.
#pragma once

#include "bench/gpu/yardsticks.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kindling::bench {

/// What a row measures and what it is measured beside. Both own what they work on.
struct RowWork {
  Queue work;
  Queue yardstick = {};                       // may be empty
  bool by_host = false;                       // timed as the host queues it; else as a graph
  std::optional<std::int64_t> launches = {};  // where the library counts them itself
};

struct Row {
  std::string name;
  double bytes = 0;  // that must be moved; 0 where the products are the point
  double flops = 0;  // of the products
  std::function<RowWork(const Yardsticks& yardsticks)> make;
};

/// `small`: sizes for the emulator.
std::vector<Row> op_rows(bool small);
std::vector<Row> product_rows(bool small);
std::vector<Row> update_rows(bool small);
std::vector<Row> step_rows(bool small);

}  // namespace kindling::bench
