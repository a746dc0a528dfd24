// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>

namespace kindling::bench {

#if defined(__AVX512F__)
constexpr std::size_t kLanes = 16;
#elif defined(__AVX__)
constexpr std::size_t kLanes = 8;
#else
constexpr std::size_t kLanes = 4;
#endif

template <std::size_t Count>
struct VectorOf {
  using Type __attribute__((vector_size(Count * sizeof(float)))) = float;
};

/// As many floats as the widest vector register holds (a vector extension of GCC and Clang).
using Lanes = VectorOf<kLanes>::Type;

inline Lanes load(const float* source) {
  Lanes values;
  std::memcpy(&values, source, sizeof values);
  return values;
}
inline void store(Lanes values, float* target) { std::memcpy(target, &values, sizeof values); }

template <std::size_t Count = kLanes>
float sum_of(typename VectorOf<Count>::Type values) {
  if constexpr (Count == 2) {
    return values[0] + values[1];
  } else {
    typename VectorOf<Count / 2>::Type halves[2];
    std::memcpy(halves, &values, sizeof values);
    return sum_of<Count / 2>(halves[0] + halves[1]);
  }
}

/// `values` where `mask` > 0, else 0.
inline Lanes keep_where_positive(Lanes mask, Lanes values) {
  return mask > 0.0F ? values : Lanes{};
}

}  // namespace kindling::bench
