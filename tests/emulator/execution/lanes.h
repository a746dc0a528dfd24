// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/program/instruction.h"

#include <bit>
#include <cstddef>

namespace emulator {

constexpr std::size_t first_lane(LaneMask mask) {
  return static_cast<std::size_t>(std::countr_zero(mask));
}
constexpr std::uint32_t count_lanes(LaneMask mask) {
  return static_cast<std::uint32_t>(std::popcount(mask));
}
constexpr LaneMask lane_bit(std::size_t lane) { return LaneMask{1} << lane; }
constexpr bool has_lane(LaneMask mask, std::size_t lane) { return (mask >> lane) & 1; }
/// The mask of the first `count` lanes.
constexpr LaneMask first_lanes(std::uint32_t count) {
  return count >= kLanes ? kAllLanes : lane_bit(count) - 1;
}
/// `old` with the lanes of `mask` as `value` has them.
constexpr LaneMask merged(LaneMask old, LaneMask value, LaneMask mask) {
  return (old & ~mask) | (value & mask);
}

/// The lanes of a mask, the lowest first: for (const std::size_t lane : lanes_of(mask)).
class lanes_of {
 public:
  constexpr explicit lanes_of(LaneMask mask) : rest_(mask) {}
  constexpr lanes_of begin() const { return *this; }
  constexpr lanes_of end() const { return lanes_of(0); }
  constexpr std::size_t operator*() const { return first_lane(rest_); }
  constexpr lanes_of& operator++() {
    rest_ &= rest_ - 1;
    return *this;
  }
  constexpr bool operator!=(const lanes_of& other) const { return rest_ != other.rest_; }

 private:
  LaneMask rest_;
};

/// The lanes of the mask for which something holds.
template <class Predicate>
LaneMask lanes_where(LaneMask mask, Predicate holds) {
  LaneMask result = 0;
  for (const std::size_t lane : lanes_of(mask)) {
    if (holds(lane)) result |= lane_bit(lane);
  }
  return result;
}

}  // namespace emulator
