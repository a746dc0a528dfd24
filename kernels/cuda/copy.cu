// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/launch.cuh>
#include <kindling/kernels/math/functions.h>
#include <kindling/kernels/strides.h>

namespace kindling::kernels::cuda {
namespace {

template <class T>
struct Same {
  __device__ T operator()(std::int64_t, T x) const { return x; }
};

/// target[strides.second] (+)= source[strides.first]
template <class From, class To>
__global__ void __launch_bounds__(kThreads)
    copy(Strides strides, std::int64_t n, bool accumulate, const From* source, To* target) {
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::int64_t rest = i;
    for (int d = strides.rank - 1; d >= 0; --d) {
      const std::int64_t next = d == 0 ? 0 : quotient(rest, strides.size[d]);
      const std::int64_t index = rest - next * strides.size[d];
      from += index * strides.first[d];
      to += index * strides.second[d];
      rest = next;
    }
    put(target[to], math::converted<To>(source[from]), accumulate);
  }
}

}  // namespace

void run(Context& context, const Copy& a) {
  const Strides strides = coalesced(a.strides);
  std::int64_t n = 1;
  for (int d = 0; d < strides.rank; ++d) n *= strides.size[d];
  if (n == 0) return;
  const auto launch_copy = [&](auto from, auto to) {
    using From = decltype(from);
    using To = decltype(to);
    launch(context, "Copy", copy<From, To>, blocks_for(n, kThreads), kThreads, strides, n,
           a.accumulate, elements<const From>(a.source), elements<To>(a.target));
  };
  if (a.source.dtype == a.target.dtype) {
    with_type(moved_as(a.source.dtype), [&](auto zero) {
      using T = decltype(zero);
      if (strides.rank == 1 && strides.first[0] == 1 && strides.second[0] == 1)
        launch_map(context, "Copy", Same<T>{}, n, a.accumulate, elements<T>(a.target),
                   elements<const T>(a.source));
      else
        launch_copy(zero, zero);
    });
    return;
  }
  with_any_type(a.source.dtype, [&](auto from) {
    with_any_type(a.target.dtype, [&](auto to) { launch_copy(from, to); });
  });
}

}  // namespace kindling::kernels::cuda
