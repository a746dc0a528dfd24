// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/functions.h>

#include <cstdint>

/// Sine and cosine in both types, within 3 units of the last place for every argument, however
/// large (tests/kernels/functions_test.cpp), with the same bits on every device in float.
namespace kindling::math {

// clang-format off

/// Word i of the bits of 2/pi behind the point, as many as the largest double needs. Not an array,
/// of which wide code would share a copy, and a GPU make one for each thread.
KINDLING_HOST_DEVICE std::uint64_t word_of_two_over_pi(int i) {
  switch (i) {
    case 0: return 0xa2f9836e4e441529;   case 1: return 0xfc2757d1f534ddc0;
    case 2: return 0xdb6295993c439041;   case 3: return 0xfe5163abdebbc561;
    case 4: return 0xb7246e3a424dd2e0;   case 5: return 0x06492eea09d1921c;
    case 6: return 0xfe1deb1cb129a73e;   case 7: return 0xe88235f52ebb4484;
    case 8: return 0xe99c7026b45f7e41;   case 9: return 0x3991d639835339f4;
    case 10: return 0x9c845f8bbdf9283b;  case 11: return 0x1ff897ffde05980f;
    case 12: return 0xef2f118b5a0a6d1f;  case 13: return 0x6d367ecf27cb09b7;
    case 14: return 0x4f463f669e5fea2d;  case 15: return 0x7527bac7ebe5f17b;
    case 16: return 0x3d0739f78a5292ea;  case 17: return 0x6bfb5fb11f8d5d08;
    case 18: return 0x56033046fc7b6bab;  default: return 0xf0cfbc209af4361d;
  }
}

// clang-format on

/// 64 bits of 2/pi from bit `first` on, where that of 1/2 is bit 0; bits before it are 0.
KINDLING_HOST_DEVICE std::uint64_t two_over_pi(int first) {
  if (first <= -64) return 0;
  if (first < 0) return word_of_two_over_pi(0) >> -first;
  const int word = first / 64;
  const int shift = first % 64;
  const std::uint64_t high = word_of_two_over_pi(word) << shift;
  return shift == 0 ? high : high | word_of_two_over_pi(word + 1) >> (64 - shift);
}

/// x = quadrant * pi / 2 + rest, the quadrant mod 4 and |rest| <= pi / 4.
template <class T>
struct Angle {
  unsigned quadrant;
  T rest;
};

/// x * 2 / pi in whole numbers (Payne & Hanek 1983): of the 53 bits of x times those bits of 2 / pi
/// that matter to the product mod 4.
template <class T>
KINDLING_HOST_DEVICE Angle<T> reduced(T x) {
  const T size = abs(x);
  if (!(size > T(0.785398163397448310)) || size == infinity<T>())
    return {0, size == infinity<T>() ? not_a_number<T>() : x};
  __extension__ using Wide = unsigned __int128;
  const auto bits = bits_of<std::uint64_t>(static_cast<double>(size));
  const std::uint64_t mantissa = (bits & 0x000fffffffffffff) | 0x0010000000000000;
  const int exponent = static_cast<int>(bits >> 52) - 1075;  // size = mantissa 2^exponent
  const int first = exponent - 2;  // of weight 2 in the product; those before are multiples of 4
  const Wide low = Wide{mantissa} * two_over_pi(first + 128);
  const Wide middle =
      Wide{mantissa} * two_over_pi(first + 64) + static_cast<std::uint64_t>(low >> 64);
  const std::uint64_t high =
      mantissa * two_over_pi(first) + static_cast<std::uint64_t>(middle >> 64);
  // Two bits of whole quadrants, then 126 of a fraction, which is rounded to the nearest whole one.
  const Wide fraction = (Wide{high} << 64 | static_cast<std::uint64_t>(middle)) << 2;
  const bool next = static_cast<std::int64_t>(fraction >> 64) < 0;
  const Wide distance = next ? -fraction : fraction;
  const T turn = (static_cast<T>(static_cast<std::uint64_t>(distance >> 64)) +
                  static_cast<T>(static_cast<std::uint64_t>(distance)) * T(0x1p-64)) *
                 T(0x1p-64);
  const T rest = turn * T(1.57079632679489661923);
  const unsigned quadrant = static_cast<unsigned>(high >> 62) + (next ? 1U : 0U);
  return {x < T(0) ? 0U - quadrant : quadrant, (x < T(0)) != next ? -rest : rest};
}

/// Taylor's series without its first term, from that of order n on: square / (n (n - 1)) is what
/// each term multiplies the one before it by. The term left off is below a tenth of an ulp.
template <class T, int n>
KINDLING_HOST_DEVICE T series(T square) {
  if constexpr (n > (sizeof(T) == sizeof(float) ? 10 : 18))
    return T(0);
  else
    return square * (T(1) - series<T, n + 2>(square)) * static_cast<T>(1.0 / (n * (n - 1)));
}

template <class T>
KINDLING_HOST_DEVICE T sine(T x, unsigned quarters) {
  const Angle<T> angle = reduced(x);
  const T square = angle.rest * angle.rest;
  const unsigned quadrant = angle.quadrant + quarters;
  const T rest = angle.rest;
  const T y = quadrant % 2 != 0 ? T(1) - series<T, 2>(square)
              : rest == T(0)    ? rest  // with its sign
                                : rest - rest * series<T, 3>(square);
  return quadrant % 4 < 2 ? y : -y;
}

template <class T>
KINDLING_HOST_DEVICE T sin(T x) {
  return sine(x, 0);
}
template <class T>
KINDLING_HOST_DEVICE T cos(T x) {
  return sine(x, 1);
}

}  // namespace kindling::math
