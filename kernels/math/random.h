// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/functions.h>

#include <cstdint>

/// Counter-based random numbers: integers by Philox4x32-10, and from them uniform and normal
/// numbers in operations that every device rounds alike: + - * / sqrt and conversions. The sources
/// that include this are compiled without contraction to fused multiply-adds (-ffp-contract=off,
/// nvcc -fmad=false), which would round differently.
namespace kindling::math {

/// One draw of Philox4x32-10: 128 random bits.
struct RandomBits {
  std::uint32_t word[4];
};

/// Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC'11).
KINDLING_HOST_DEVICE RandomBits philox(std::uint64_t seed, std::uint64_t counter) {
  auto c0 = static_cast<std::uint32_t>(counter);
  auto c1 = static_cast<std::uint32_t>(counter >> 32);
  std::uint32_t c2 = 0;
  std::uint32_t c3 = 0;
  auto k0 = static_cast<std::uint32_t>(seed);
  auto k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {{c0, c1, c2, c3}};
}

/// What the numbers of a dtype are made from.
template <class T>
struct RandomTraits;
template <>
struct RandomTraits<float> {
  using Word = std::uint32_t;  // of which a draw has `words`
  using Signed = std::int32_t;
  static constexpr int words = 4;
  static constexpr int digits = 24;
  static constexpr Word exponent_one = 127;
  static constexpr Word sqrt_half = 0x3f3504f3;
  static constexpr int terms =
      5;  // of the series below, enough to round as the exact function mostly would
  static KINDLING_HOST_DEVICE Word word(const RandomBits& bits, int i) { return bits.word[i]; }
};
template <>
struct RandomTraits<double> {
  using Word = std::uint64_t;
  using Signed = std::int64_t;
  static constexpr int words = 2;
  static constexpr int digits = 53;
  static constexpr Word exponent_one = 1023;
  static constexpr Word sqrt_half = 0x3fe6a09e667f3bcd;
  static constexpr int terms = 10;
  static KINDLING_HOST_DEVICE Word word(const RandomBits& bits, int i) {
    const int low = 2 * i;
    return std::uint64_t{bits.word[low + 1]} << 32 | bits.word[low];
  }
};

/// The number with the first `digits` bits of the word as its fraction: uniform in [0, 1), every
/// value a multiple of 2^-24 (float) or 2^-53 (double).
template <class T>
KINDLING_HOST_DEVICE T unit_uniform(typename RandomTraits<T>::Word word) {
  using Traits = RandomTraits<T>;
  constexpr T step = T(1) / static_cast<T>(typename Traits::Word{1} << Traits::digits);
  const auto fraction =
      static_cast<typename Traits::Signed>(word >> (sizeof(word) * 8 - Traits::digits));
  return static_cast<T>(fraction) * step;
}

/// Uniform in [low, high): should rounding reach high, low is returned. Where high - low is beyond
/// the largest number, halves are worked with.
template <class T>
KINDLING_HOST_DEVICE T uniform(typename RandomTraits<T>::Word word, T low, T high) {
  const T scale = high - low < infinity<T>() ? T(1) : T(0.5);
  const T first = low * scale;
  const T x = (first + unit_uniform<T>(word) * (high * scale - first)) / scale;
  return x < high ? x : low;
}

/// log(u) for a normal number u: the atanh series of its significand.
template <class T>
KINDLING_HOST_DEVICE T log_by_series(T u) {
  using Traits = RandomTraits<T>;
  using Word = typename Traits::Word;
  constexpr int fraction_bits = Traits::digits - 1;
  const Word above = bits_of<Word>(u) - Traits::sqrt_half;
  const T exponent = static_cast<T>(static_cast<typename Traits::Signed>(above) >> fraction_bits);
  const T m = bits_of<T>((above & ((Word{1} << fraction_bits) - 1)) + Traits::sqrt_half);
  const T s = (m - T(1)) / (m + T(1));
  const T z = s * s;
  T sum = T(1) / T(2 * Traits::terms + 1);
  for (int k = Traits::terms - 1; k >= 0; --k) sum = sum * z + T(1) / T(2 * k + 1);
  return exponent * T(0.69314718055994530942) + T(2) * s * sum;
}

/// Two independent numbers.
template <class T>
struct Pair {
  T first;
  T second;
};

/// Cosine and sine of word / 2^bits turns, by their Taylor series within an eighth of a turn of the
/// nearest quarter.
template <class T>
KINDLING_HOST_DEVICE Pair<T> cosine_and_sine(typename RandomTraits<T>::Word word) {
  using Traits = RandomTraits<T>;
  using Word = typename Traits::Word;
  constexpr int bits = sizeof(Word) * 8;
  const Word quarter = (word + (Word{1} << (bits - 3))) >> (bits - 2);
  const auto rest = static_cast<typename Traits::Signed>(word - (quarter << (bits - 2)));
  constexpr T step = T(1.57079632679489661923) / static_cast<T>(Word{1} << (bits - 2));
  const T x = static_cast<T>(rest) * step;
  const T z = x * x;
  T cosine = T(1);
  T sine = T(1);
  for (int k = Traits::terms; k > 0; --k) {
    cosine = T(1) - cosine * (z * (T(1) / T((2 * k - 1) * (2 * k))));
    sine = T(1) - sine * (z * (T(1) / T((2 * k) * (2 * k + 1))));
  }
  sine *= x;
  const bool odd = (quarter & 1) != 0;
  const T c = odd ? sine : cosine;
  const T s = odd ? cosine : sine;
  return {((quarter + 1) & 2) != 0 ? -c : c, (quarter & 2) != 0 ? -s : s};
}

/// Two standard normal numbers (Box & Muller, 1958) from two words.
template <class T>
KINDLING_HOST_DEVICE Pair<T> normal_pair(typename RandomTraits<T>::Word a,
                                         typename RandomTraits<T>::Word b) {
  using Traits = RandomTraits<T>;
  constexpr T step = T(1) / static_cast<T>(typename Traits::Word{1} << Traits::digits);
  const T u = unit_uniform<T>(a) + step;  // in (0, 1], exactly
  const T radius = sqrt(T(-2) * log_by_series(u));
  const Pair<T> angle = cosine_and_sine<T>(b);
  return {radius * angle.first, radius * angle.second};
}

}  // namespace kindling::math
