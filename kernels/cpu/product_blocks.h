// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace kindling::kernels::cpu {

/// How the output of a product [m, n] falls into blocks of rows x columns; those at the edges may
/// be smaller.
struct BlockSize {
  std::int64_t rows;
  std::int64_t columns;
};

/// The blocks of one product, from its shape alone, so that no result depends on the thread count.
/// A provider prepares the operands of each block anew, so blocks are few and large: 8 to 16, more
/// only where each still has half a million elements. A product of less than about 0.1 ms is one
/// block. (Against one block, this costs oneDNN 3 to 6 % of its speed on one thread at the sizes of
/// bench/works.h; twice as many blocks cost 6 to 12 %.)
__attribute__((always_inline)) inline BlockSize block_size(std::int64_t m, std::int64_t n,
                                                           std::int64_t k) {
  constexpr std::int64_t kBlocks = 8;
  constexpr std::int64_t kLeastWork = std::int64_t{8} << 20;  // multiplications in a block
  constexpr std::int64_t kMostElements = std::int64_t{512} * 1024;
  constexpr std::int64_t kRows = 16, kColumns = 64;  // sides are multiples of these
  const std::int64_t share = m * n / kBlocks * k;
  const auto too_large = [&](BlockSize block) {
    const std::int64_t elements = block.rows * block.columns;
    return elements * k > kLeastWork && (elements * k > share || elements > kMostElements);
  };
  BlockSize block{m, n};
  const auto half = [](std::int64_t side, std::int64_t unit) {
    return (side / 2 + unit - 1) / unit * unit;
  };
  while (too_large(block)) {
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
