// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cuda/launch.cuh>
#include <kindling/kernels/strides.h>

namespace kindling::kernels::cuda {

/// An operand of a broadcast walk; without data a scalar.
template <class T>
struct Operand {
  const T* data;
  T scalar;
  bool packs;  // its rows are read in packs
};

/// `count` elements of an operand from the element at `offset` of a row that steps by `stride`.
template <class T>
__device__ __forceinline__ Pack<T> load_operand(const Operand<T>& operand, std::int64_t offset,
                                                std::int64_t stride) {
  if (operand.packs) return load_pack(operand.data + offset);
  Pack<T> pack;
#pragma unroll
  for (int k = 0; k < Pack<T>::kSize; ++k)
    pack.values[k] = operand.data == nullptr ? operand.scalar : operand.data[offset + k * stride];
  return pack;
}

/// y[i] (+)= f(a[strides.first], b[strides.second], g[i]), y and g contiguous over strides.size; g
/// may be missing. `packs`: the last dimension is made of whole packs, and y and g are aligned.
template <class T, class F>
__global__ void __launch_bounds__(kThreads)
    broadcast(F f, Strides strides, std::int64_t n, bool packs, bool accumulate, Operand<T> a,
              Operand<T> b, const T* g, T* y) {
  constexpr int size = Pack<T>::kSize;
  const std::int64_t step = packs ? size : 1;
  const int last = strides.rank - 1;
  for (std::int64_t i = thread_index() * step; i < n; i += thread_count() * step) {
    std::int64_t offset_a = 0;
    std::int64_t offset_b = 0;
    std::int64_t rest = i;
    for (int d = last; d > 0; --d) {
      const std::int64_t next = quotient(rest, strides.size[d]);
      const std::int64_t index = rest - next * strides.size[d];
      offset_a += index * strides.first[d];
      offset_b += index * strides.second[d];
      rest = next;
    }
    offset_a += rest * strides.first[0];
    offset_b += rest * strides.second[0];
    if (packs) {
      const Pack<T> in_a = load_operand(a, offset_a, strides.first[last]);
      const Pack<T> in_b = load_operand(b, offset_b, strides.second[last]);
      Pack<T> in_g = {};
      if (g != nullptr) in_g = load_pack(g + i);
      Pack<T> out = {};
      if (accumulate) out = load_pack(y + i);
#pragma unroll
      for (int k = 0; k < size; ++k)
        put(out.values[k], f(in_a.values[k], in_b.values[k], in_g.values[k]), accumulate);
      store_pack(y + i, out);
    } else {
      const T in_a = a.data == nullptr ? a.scalar : a.data[offset_a];
      const T in_b = b.data == nullptr ? b.scalar : b.data[offset_b];
      put(y[i], f(in_a, in_b, g == nullptr ? T(0) : g[i]), accumulate);
    }
  }
}

/// The kernel above, in as few dimensions as possible.
template <class T, class F>
void launch_broadcast(const Context& context, const char* command, const F& f, const Strides& given,
                      std::int64_t n, bool accumulate, const T* a, const T* b, T scalar, const T* g,
                      T* y) {
  if (n == 0) return;
  const Strides strides = coalesced(given);
  const int last = strides.rank - 1;
  constexpr int size = Pack<T>::kSize;
  const bool packs = strides.size[last] % size == 0 && aligned(g, y);
  const auto operand = [&](const T* data, const std::int64_t* steps) {
    bool whole = packs && data != nullptr && steps[last] == 1 && aligned(data);
    for (int d = 0; d < last; ++d) whole = whole && steps[d] % size == 0;
    return Operand<T>{data, scalar, whole};
  };
  launch(context, command, broadcast<T, F>, blocks_for(n, kThreads * (packs ? size : 1)), kThreads,
         f, strides, n, packs, accumulate, operand(a, strides.first), operand(b, strides.second), g,
         y);
}

}  // namespace kindling::kernels::cuda
