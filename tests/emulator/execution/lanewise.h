// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/execution/lanes.h"
#include "tests/emulator/execution/warp.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace emulator {

/// The raw bits of a lane, whatever the width of its register.
inline std::uint64_t read_lane(const Warp& warp, const Operand& from, std::size_t lane) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, warp.lanes<const std::byte>(from) + lane * from.width, from.width);
  return bits;
}
/// Does nothing if there is no register.
inline void write_lane(Warp& warp, const Operand& to, std::size_t lane, std::uint64_t bits) {
  if (to.exists()) {
    std::memcpy(warp.lanes<std::byte>(to) + lane * to.width, &bits, to.width);
  }
}
inline void write_lanes(Warp& warp, const Operand& to, LaneMask mask, std::uint64_t bits) {
  for (const std::size_t lane : lanes_of(mask)) write_lane(warp, to, lane, bits);
}
inline void write_predicate(Warp& warp, const Operand& to, LaneMask mask, LaneMask value) {
  if (to.exists()) warp.predicate(to) = merged(warp.predicate(to), value, mask);
}
/// A predicate that an instruction reads, which may be negated.
inline LaneMask read_predicate(const Warp& warp, const Instruction& instruction,
                               std::size_t number) {
  const LaneMask value = warp.predicate(instruction.from[number]);
  return instruction.has(kNegatedPredicate) ? ~value : value;
}

/// Packs 32 flags that are 0 or 1 into a mask.
inline LaneMask pack_flags(const std::uint8_t* flags) {
  LaneMask mask = 0;
  for (int byte = 0; byte < 4; ++byte) {
    std::uint64_t eight;
    std::memcpy(&eight, flags + 8 * byte, 8);
    // Each flag moves to a bit of its own of the top byte.
    mask |= static_cast<LaneMask>((eight * 0x0102040810204080ull) >> 56) << (8 * byte);
  }
  return mask;
}

namespace detail {

// The loops over all lanes become vector instructions; a lane outside the mask computes too and
// keeps its old value. Their functions must therefore be defined everywhere.
template <class R, bool all_lanes, class F, class Result, class... A>
constexpr Handler handler(Result (F::*)(A...) const) {
  return [](Warp& warp, const Instruction& instruction, LaneMask mask) {
    R* const to = warp.lanes<R>(instruction.to[0]);
    const auto compute = [&](const A*... from) {
      constexpr F f;
      if constexpr (!all_lanes) {
        for (const std::size_t lane : lanes_of(mask)) to[lane] = static_cast<R>(f(from[lane]...));
      } else if (mask == kAllLanes) {
#pragma GCC ivdep
        for (int lane = 0; lane < kLanes; ++lane) to[lane] = static_cast<R>(f(from[lane]...));
      } else {
#pragma GCC ivdep
        for (int lane = 0; lane < kLanes; ++lane) {
          const R result = static_cast<R>(f(from[lane]...));
          to[lane] = (mask >> lane) & 1 ? result : to[lane];
        }
      }
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      compute(warp.lanes<const A>(instruction.from[I])...);
    }
    (std::index_sequence_for<A...>());
  };
}

}  // namespace detail

/// The handler that computes to[0] = f(from[0], from[1], ...) in every lane. R and the parameters
/// of F, a lambda without captures, are the types of the lanes.
template <class R, class F>
constexpr Handler lanewise(F) {
  return detail::handler<R, true>(&F::operator());
}

/// The same for functions that are slow or not defined everywhere: only the mask's lanes compute.
template <class R, class F>
constexpr Handler one_by_one(F) {
  return detail::handler<R, false>(&F::operator());
}

}  // namespace emulator
