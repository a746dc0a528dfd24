// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/loops.h>
#include <kindling/kernels/math/permutation.h>
#include <kindling/kernels/math/random.h>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// The numbers of `draws` consecutive counters, Traits::words each, into out.
template <class T>
void uniform_numbers(std::uint64_t seed, std::uint64_t counter, std::int64_t draws, T low, T high,
                     T* out) {
  using Traits = math::RandomTraits<T>;
  simd_for(draws, [=](std::int64_t d) {
    const math::RandomBits bits = math::philox(seed, counter + static_cast<std::uint64_t>(d));
    for (int i = 0; i < Traits::words; ++i)
      out[d * Traits::words + i] = math::uniform<T>(Traits::word(bits, i), low, high);
  });
}

template <class T>
void normal_numbers(std::uint64_t seed, std::uint64_t counter, std::int64_t draws, T mean,
                    T deviation, T* out) {
  using Traits = math::RandomTraits<T>;
  simd_for(draws, [=](std::int64_t d) {
    const math::RandomBits bits = math::philox(seed, counter + static_cast<std::uint64_t>(d));
    for (int i = 0; i < Traits::words; i += 2) {
      const math::Pair<T> pair =
          math::normal_pair<T>(Traits::word(bits, i), Traits::word(bits, i + 1));
      out[d * Traits::words + i] = mean + deviation * pair.first;
      out[d * Traits::words + i + 1] = mean + deviation * pair.second;
    }
  });
}

template <class T>
void random_view(const Random& arguments) {
  constexpr int words = math::RandomTraits<T>::words;
  constexpr std::int64_t draws_per_block = kElementsPerBlock / 4 / words;
  RandomState& state = *arguments.state;
  const std::int64_t n = arguments.y.numel;
  const std::int64_t draws = (n + words - 1) / words;
  T* y = elements<T>(arguments.y);
  const auto first = static_cast<T>(arguments.first);
  const auto second = static_cast<T>(arguments.second);
  const auto generate =
      arguments.distribution == Distribution::uniform ? &uniform_numbers<T> : &normal_numbers<T>;
  const RandomState from = state;
  for_each_block(draws, draws_per_block, [=](std::int64_t begin, std::int64_t end) {
    const std::int64_t whole =
        smaller(end, n / words);  // the last draw may have more numbers than are wanted
    const auto counter = [&](std::int64_t draw) {
      return from.offset + static_cast<std::uint64_t>(draw);
    };
    generate(from.seed, counter(begin), whole - begin, first, second, y + begin * words);
    if (whole == end) return;
    T last[math::RandomTraits<T>::words];
    generate(from.seed, counter(whole), 1, first, second, last);
    for (std::int64_t i = whole * words; i < n; ++i) y[i] = last[i - whole * words];
  });
  state.offset += static_cast<std::uint64_t>(draws);
}

}  // namespace

void run(const Random& arguments) {
  with_type(arguments.y.dtype, [&](auto zero) { random_view<decltype(zero)>(arguments); });
}

void run(const RandomPermutation& arguments) {
  RandomState& state = *arguments.state;
  const math::Permutation permutation(static_cast<std::uint64_t>(arguments.y.numel), state.seed,
                                      state.offset);
  with_any_type(arguments.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* y = elements<T>(arguments.y);
    for_each_block(arguments.y.numel, kElementsPerBlock / 8,
                   [=](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t i = begin; i < end; ++i)
                       y[i] = static_cast<T>(permutation(static_cast<std::uint64_t>(i)));
                   });
  });
  ++state.offset;
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
