// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>

namespace kindling::detail {

inline constexpr std::size_t kSmallestBlock = 64;

/// The sizes of the blocks that allocators lend, four to each power of two: 64, 128, 192, 256, 320,
/// 384, 448, 512, 640, 768, 896, 1024, 1280 ...
struct SizeClass {
  std::size_t index;
  std::size_t bytes;
};

/// The smallest that holds `bytes` > 0.
constexpr SizeClass size_class(std::size_t bytes) noexcept {
  const std::size_t units = (bytes + kSmallestBlock - 1) / kSmallestBlock;
  if (units <= 4) return {units - 1, units * kSmallestBlock};
  const auto power =
      static_cast<std::size_t>(std::bit_width(units - 1)) - 1;  // 2^power < units <= 2^(power + 1)
  const std::size_t step = std::size_t{1} << (power - 2);
  const std::size_t steps = (units + step - 1) / step;  // 5 .. 8
  return {4 * (power - 1) + steps - 5, steps * step * kSmallestBlock};
}

}  // namespace kindling::detail
