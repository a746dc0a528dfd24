// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/execution/warp.h"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace emulator {

/// Packs 32 flags that are 0 or 1 into a mask.
inline LaneMask pack_flags(const std::uint8_t* flags) {
  LaneMask mask = 0;
  for (int byte = 0; byte < 4; ++byte) {
    std::uint64_t eight;
    __builtin_memcpy(&eight, flags + 8 * byte, 8);
    // Each flag moves to a bit of its own of the top byte.
    mask |= static_cast<LaneMask>((eight * 0x0102040810204080ull) >> 56) << (8 * byte);
  }
  return mask;
}

namespace detail {

// The loops below run over all lanes, so that they become vector instructions; a lane outside the
// mask computes too and keeps its old value. The functions must therefore be defined everywhere.
template <class F, class R, class... A, std::size_t... I>
void apply(Warp& warp, const Instruction& instruction, LaneMask mask, std::index_sequence<I...>) {
  R* to = warp.lanes<R>(instruction.to[0]);
  const auto compute = [&](const A*... from) {
    constexpr F f;
    if (mask == kAllLanes) {
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
  compute(warp.lanes<const A>(instruction.from[I])...);
}

template <class F, class A, class B>
void apply_compare(Warp& warp, const Instruction& instruction, LaneMask mask, std::uint8_t* flags) {
  (void)mask;
  const A* a = warp.lanes<const A>(instruction.from[0]);
  const B* b = warp.lanes<const B>(instruction.from[1]);
  constexpr F f;
  for (int lane = 0; lane < kLanes; ++lane) flags[lane] = f(a[lane], b[lane]);
}

}  // namespace detail

/// The handler that computes to[0] = f(from[0], from[1], ...) in every lane; R and A are the types
/// of the lanes. F is a lambda without captures.
template <class R, class... A, class F>
constexpr Handler lanewise(F) {
  return [](Warp& warp, const Instruction& instruction, LaneMask mask) {
    detail::apply<F, R, A...>(warp, instruction, mask, std::index_sequence_for<A...>());
  };
}

/// The same for functions that are slow or not defined everywhere: only the mask's lanes compute.
template <class R, class... A, class F>
constexpr Handler one_by_one(F) {
  return [](Warp& warp, const Instruction& instruction, LaneMask mask) {
    constexpr F f;
    R* to = warp.lanes<R>(instruction.to[0]);
    const auto compute = [&]<std::size_t... I>(std::index_sequence<I...>) {
      for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
        const int lane = __builtin_ctz(rest);
        to[lane] = static_cast<R>(f(warp.lanes<const A>(instruction.from[I])[lane]...));
      }
    };
    compute(std::index_sequence_for<A...>());
  };
}

}  // namespace emulator
