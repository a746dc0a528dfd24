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
/// Each block copies its part of b anew, and of a if that is transposed, so it is the columns that
/// are divided first, and with a transposed a the rows. A product of less than some 40 microseconds
/// is one block, and their number grows with the root of the work.
__attribute__((always_inline)) inline BlockSize block_size(std::int64_t m, std::int64_t n,
                                                           std::int64_t k, bool transpose_a) {
  constexpr std::int64_t kMostBlocks = 8;
  constexpr double kLeastWork = 1 << 20;  // multiplications in a block
  constexpr std::int64_t kRows = 48;      // of a block, at least
  // A transposed a is copied for 256 to 512 columns at a time in any case.
  const std::int64_t columns_least = !transpose_a || m < 4 * kRows ? 128 : k > 256 ? 256 : 512;
  const auto within = [](std::int64_t value, std::int64_t most) {
    return value < 1 ? 1 : value > most ? most : value;
  };
  const auto share = [](std::int64_t side, std::int64_t parts, std::int64_t unit) {
    return parts == 1 ? side : (side + parts * unit - 1) / (parts * unit) * unit;
  };
  const double work = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  std::int64_t blocks = 1;
  while (blocks < kMostBlocks &&
         static_cast<double>((blocks + 1) * (blocks + 1)) * kLeastWork <= work)
    ++blocks;
  if (blocks == 1) return {m, n};
  const std::int64_t across = within(n / columns_least, blocks);
  const std::int64_t down = within(m / kRows, blocks / across);
  return {share(m, down, kRows / 2), share(n, across, 64)};
}

}  // namespace kindling::kernels::cpu
