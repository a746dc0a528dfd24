// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace kindling::kernels::cpu {

/// How the output of a product [m, n] falls into blocks of rows x columns; those at the edges may be smaller.
struct BlockSize {
  std::int64_t rows;
  std::int64_t columns;
};

/// The blocks of one product, from its shape alone, so that no result depends on the thread count: enough of them to keep
/// several threads busy, each large enough that preparing its operands again costs little. A product of less than about
/// 0.1 ms is one block.
__attribute__((always_inline)) inline BlockSize block_size(std::int64_t m, std::int64_t n, std::int64_t k) {
  constexpr std::int64_t kLeastWork = std::int64_t{8} << 20;  // multiplications in a block
  constexpr std::int64_t kBlocks = 16;
  constexpr std::int64_t kRows = 48, kColumns = 64;  // sides are multiples of these
  const std::int64_t share = m * n / kBlocks * k;
  const std::int64_t work = share > kLeastWork ? share : kLeastWork;
  BlockSize block{m, n};
  const auto half = [](std::int64_t side, std::int64_t unit) { return (side / 2 + unit - 1) / unit * unit; };
  while (block.rows * block.columns * k > work) {
    if (block.columns >= block.rows && block.columns > kColumns)
      block.columns = half(block.columns, kColumns);
    else if (block.rows > kRows)
      block.rows = half(block.rows, kRows);
    else
      break;
  }
  return block;
}

}  // namespace kindling::kernels::cpu
