// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/launch.cuh>
#include <kindling/kernels/math/permutation.h>
#include <kindling/kernels/math/random.h>

namespace kindling::kernels::cuda {
namespace {

/// A thread for each counter, whose numbers are neighbours.
template <class T>
__global__ void __launch_bounds__(kThreads)
    random(Random a, T first, T second, std::uint32_t* ticket) {
  using Traits = math::RandomTraits<T>;
  constexpr int words = Traits::words;
  const RandomState from = *a.state;
  T* y = static_cast<T*>(a.y.data);
  const bool packs = aligned(y);
  const std::int64_t n = a.y.numel;
  const std::int64_t draws = (n + words - 1) / words;
  for (std::int64_t d = thread_index(); d < draws; d += thread_count()) {
    const math::RandomBits bits =
        math::philox(from.seed, from.offset + static_cast<std::uint64_t>(d));
    static_assert(words == Pack<T>::kSize);
    Pack<T> numbers;
#pragma unroll
    for (int i = 0; i < words; i += 2) {
      if (a.distribution == Distribution::uniform) {
        numbers.values[i] = math::uniform<T>(Traits::word(bits, i), first, second);
        numbers.values[i + 1] = math::uniform<T>(Traits::word(bits, i + 1), first, second);
      } else {
        const math::Pair<T> pair =
            math::normal_pair<T>(Traits::word(bits, i), Traits::word(bits, i + 1));
        numbers.values[i] = first + second * pair.first;
        numbers.values[i + 1] = first + second * pair.second;
      }
    }
    const std::int64_t begin = d * words;
    if (packs && begin + words <= n) {
      store_pack(y + begin, numbers);
      continue;
    }
#pragma unroll
    for (int i = 0; i < words; ++i)  // the last draw may have more than are wanted
      if (begin + i < n) y[begin + i] = numbers.values[i];
  }
  if (last_to_arrive(ticket, gridDim.x) && threadIdx.x == 0)
    a.state->offset = from.offset + static_cast<std::uint64_t>(draws);
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    random_permutation(RandomPermutation a, std::uint32_t* ticket) {
  const RandomState from = *a.state;
  T* y = static_cast<T*>(a.y.data);
  const math::Permutation permutation(static_cast<std::uint64_t>(a.y.numel), from.seed,
                                      from.offset);
  for (std::int64_t i = thread_index(); i < a.y.numel; i += thread_count())
    y[i] = static_cast<T>(permutation(static_cast<std::uint64_t>(i)));
  if (last_to_arrive(ticket, gridDim.x) && threadIdx.x == 0) a.state->offset = from.offset + 1;
}

}  // namespace

void run(Context& context, const Random& a) {
  if (a.y.numel == 0) return;
  with_type(a.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(context, "Random", random<T>,
           blocks_for(Random::counters(a.y.numel, a.y.dtype), kThreads), kThreads, a,
           static_cast<T>(a.first), static_cast<T>(a.second), context.tickets());
  });
}

void run(Context& context, const RandomPermutation& a) {
  with_any_type(a.y.dtype, [&](auto zero) {
    launch(context, "RandomPermutation", random_permutation<decltype(zero)>,
           blocks_for(a.y.numel, kThreads), kThreads, a, context.tickets());
  });
}

}  // namespace kindling::kernels::cuda
