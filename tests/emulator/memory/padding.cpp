// SPDX-License-Identifier: MIT
#include "tests/emulator/memory/padding.h"

#include "tests/emulator/memory/memory.h"

#include <algorithm>

namespace emulator {
namespace {

constexpr std::uint64_t kNearby = 32;  // bytes before a granule that may be the same struct

}  // namespace

bool is_padding(const std::uint8_t* states, std::uint64_t at, std::uint64_t bytes) {
  const auto is_written = [](std::uint8_t state) { return (state & kInitialised) != 0; };
  for (std::uint64_t width = 2; width <= 8; width *= 2) {
    const std::uint64_t begin = at / width * width, end = begin + width;
    if (end > bytes || !is_written(states[begin])) continue;
    if (std::any_of(states + at, states + end, is_written)) continue;
    const auto is_as_wide = [&](std::uint8_t state) {
      return is_written(state) && 1u << (state >> kWidthShift) == width;
    };
    const std::uint64_t nearby = begin - std::min(begin, kNearby);
    if (end < bytes && is_as_wide(states[end])) return true;
    if (std::any_of(states + nearby, states + begin, is_as_wide)) return true;
  }
  return false;
}

}  // namespace emulator
