// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/host_device.h>

#include <cmath>
#include <cstdint>
#include <type_traits>

/// Elementary functions of the kernels; in double those of <cmath>. In float they are branch-free
/// polynomials, which compilers vectorise. Worst errors seen, in units of the last place: exp and
/// log 1, tanh 1.5, sigmoid 2.5, normal_cdf 2.6 from -1 on and 6 below
/// (tests/kernels/functions_test.cpp). The coefficients are minimax fits, each with the relative
/// error of the fit beside it.
namespace kindling::math {

template <class To, class From>
KINDLING_HOST_DEVICE To bits_of(From from) {
  return __builtin_bit_cast(To, from);
}

template <class T>
KINDLING_HOST_DEVICE T infinity() {
  return static_cast<T>(__builtin_inff());
}

template <class T>
KINDLING_HOST_DEVICE T not_a_number() {
  return static_cast<T>(__builtin_nanf(""));
}

KINDLING_HOST_DEVICE bool is_nan(float x) { return x != x; }
KINDLING_HOST_DEVICE bool is_nan(double x) { return x != x; }
KINDLING_HOST_DEVICE bool is_nan(std::int64_t) { return false; }

/// x in another type: rounded, to whole numbers toward 0, where the lowest one stands for all that
/// does not fit.
template <class To, class From>
KINDLING_HOST_DEVICE To converted(From x) {
  if constexpr (!std::is_same_v<To, std::int64_t> || std::is_same_v<From, std::int64_t>) {
    return static_cast<To>(x);
  } else {
    constexpr From kLimit = static_cast<From>(0x1p63);
    return x >= -kLimit && x < kLimit ? static_cast<To>(x) : INT64_MIN;
  }
}

KINDLING_HOST_DEVICE float abs(float x) { return __builtin_fabsf(x); }
KINDLING_HOST_DEVICE double abs(double x) { return __builtin_fabs(x); }

/// g times the sign of x: 0 where that is 0, even for an infinite g; NaN where x is.
template <class T>
KINDLING_HOST_DEVICE T times_sign(T g, T x) {
  return x > T(0) ? g : (x < T(0) ? -g : x);
}

/// weight * x, and 0 where the weight is, even for an infinite x: the limit where a weight reaches
/// 0 faster than x grows.
template <class T>
KINDLING_HOST_DEVICE T weighted(T weight, T x) {
  return weight == T(0) ? T(0) : weight * x;
}

KINDLING_HOST_DEVICE float sqrt(float x) { return ::sqrtf(x); }
KINDLING_HOST_DEVICE double sqrt(double x) { return ::sqrt(x); }

inline constexpr float kLn2High = 0.693145751953125f;  // 15 bits: times an exponent it is exact
inline constexpr float kLn2Low = 1.42860677e-6f;       // ln 2 - kLn2High

/// exp(x + rest), for a rest of up to 1e-2 that x is too coarse to hold.
KINDLING_HOST_DEVICE float exp_of_sum(float x, float rest) {
  x = x < -104.0f ? -104.0f : x;  // from here on the result is 0; a NaN passes
  x = x > 89.0f ? 89.0f : x;      // or infinite
  // n = round(x / ln 2), by the rounding of an addition that leaves no room for a fraction.
  constexpr float kNoFraction = 0x1.8p23f;
  const float shifted = x * 1.44269504f + kNoFraction;
  const float n = shifted - kNoFraction;
  const float r = (x - n * kLn2High) - n * kLn2Low + rest;
  // exp(r) = 1 + r + r^2 q(r) for |r| <= ln(2) / 2; 3e-9
  float q = 1.381314243e-3f;
  q = q * r + 8.369418792e-3f;
  q = q * r + 4.166845605e-2f;
  q = q * r + 1.666651517e-1f;
  q = q * r + 4.999999404e-1f;
  const float p = 1.0f + (r + r * r * q);
  // 2^n in two factors, each within range where n is not: overflow and underflow come of
  // themselves.
  const std::int32_t k = static_cast<std::int32_t>(bits_of<std::uint32_t>(shifted) -
                                                   bits_of<std::uint32_t>(kNoFraction));
  const std::int32_t half = k >> 1;
  const std::uint32_t first = static_cast<std::uint32_t>(half + 127) << 23;
  const std::uint32_t second = static_cast<std::uint32_t>(k - half + 127) << 23;
  return p * bits_of<float>(first) * bits_of<float>(second);
}

KINDLING_HOST_DEVICE float exp(float x) { return exp_of_sum(x, 0.0f); }
KINDLING_HOST_DEVICE double exp(double x) { return ::exp(x); }

KINDLING_HOST_DEVICE float log(float x) {
  // x = 2^k m with m in [sqrt(1/2), sqrt(2)); subnormal numbers are scaled up first.
  const bool subnormal = x < 0x1p-126f;
  const float scaled = subnormal ? x * 0x1p25f : x;
  constexpr std::uint32_t kSqrtHalf = 0x3f3504f3;
  const std::uint32_t above = bits_of<std::uint32_t>(scaled) - kSqrtHalf;
  const float k =
      static_cast<float>(static_cast<std::int32_t>(above) >> 23) - (subnormal ? 25.0f : 0.0f);
  const float f = bits_of<float>((above & 0x007fffff) + kSqrtHalf) - 1.0f;
  // log(1 + f) = 2 atanh(s) = f - (f^2/2 - s (f^2/2 + R)), s = f / (2 + f), R = s^2 p(s^2); 8e-10
  const float s = f / (2.0f + f);
  const float z = s * s;
  const float rest = z * (6.666678190e-1f + z * (3.997707963e-1f + z * 2.988519073e-1f));
  const float half_square = 0.5f * f * f;
  const float result =
      k * kLn2High - ((half_square - (s * (half_square + rest) + k * kLn2Low)) - f);
  const float at_edge = x == 0.0f ? -infinity<float>() : not_a_number<float>();
  return x > 0.0f ? (x < infinity<float>() ? result : x) : at_edge;
}
KINDLING_HOST_DEVICE double log(double x) { return ::log(x); }

/// log(1 + x): the logarithm of the rounded sum, times what the rounding did to x (Kahan).
KINDLING_HOST_DEVICE float log1p(float x) {
  const float sum = 1.0f + x;
  const float kept = sum - 1.0f;
  return kept == 0.0f || sum == infinity<float>() ? x : log(sum) * (x / kept);
}
KINDLING_HOST_DEVICE double log1p(double x) { return ::log1p(x); }

/// exp(x) - 1, by the same device.
KINDLING_HOST_DEVICE float expm1(float x) {
  const float power = exp(x);
  const float less = power - 1.0f;
  if (less == 0.0f) return x;
  return power > 0.0f && power < infinity<float>() ? less * (x / log(power)) : less;
}
KINDLING_HOST_DEVICE double expm1(double x) { return ::expm1(x); }

KINDLING_HOST_DEVICE float floor(float x) { return __builtin_floorf(x); }
KINDLING_HOST_DEVICE double floor(double x) { return __builtin_floor(x); }

KINDLING_HOST_DEVICE float pow(float x, float y) { return ::powf(x, y); }
KINDLING_HOST_DEVICE double pow(double x, double y) { return ::pow(x, y); }

KINDLING_HOST_DEVICE float tanh(float x) {
  // Near 0: x + x^3 p(x^2); 1e-9
  const float z = x * x;
  float p = -6.274233107e-3f;
  p = p * z + 2.107167430e-2f;
  p = p * z - 5.385230854e-2f;
  p = p * z + 1.333258599e-1f;
  p = p * z - 3.333331645e-1f;
  const float near = x + x * (z * p);
  const float far = 1.0f - 2.0f / (exp(2.0f * abs(x)) + 1.0f);
  return __builtin_copysignf(abs(x) < 0.55f ? near : far, x);
}
KINDLING_HOST_DEVICE double tanh(double x) { return ::tanh(x); }

/// 1 / (1 + exp(-x)); the exponential of a very negative x is infinite and its reciprocal the right
/// 0.
template <class T>
KINDLING_HOST_DEVICE T sigmoid(T x) {
  return T(1) / (T(1) + exp(-x));
}

/// exp(-x^2 / 2)
KINDLING_HOST_DEVICE float bell(float x) {
  // x = a + b where a has few enough bits for an exact square: x^2 / 2 = a^2 / 2 + b (x + a) / 2
  const float a = bits_of<float>(bits_of<std::uint32_t>(x) & 0xfffff000u);
  const float rest = -0.5f * (x - a) * (x + a);
  const float square = -0.5f * a * a;
  return square > -104.0f ? exp_of_sum(square, rest) : (x == x ? 0.0f : x);
}
KINDLING_HOST_DEVICE double bell(double x) { return ::exp(-0.5 * x * x); }

/// The probability that a standard normal number is below x: (1 + erf(x / sqrt(2))) / 2, without
/// its cancellation.
KINDLING_HOST_DEVICE float normal_cdf(float x) {
  // Near 0: 1/2 + x p(x^2); 5e-10
  const float z = x * x;
  float near = -7.462893336e-6f;
  near = near * z + 1.129521697e-4f;
  near = near * z - 1.185784931e-3f;
  near = near * z + 9.973078035e-3f;
  near = near * z - 6.649031490e-2f;
  near = near * z + 3.989422917e-1f;
  // Elsewhere the tail beyond |x| is bell(x) q p(q), q = 1 / (1 + |x| / 4); 9e-9
  const float q = 1.0f / (1.0f + 0.25f * abs(x));
  float p = 1.717728376e-2f;
  p = p * q - 6.611972302e-2f;
  p = p * q + 5.969427526e-2f;
  p = p * q + 1.738326438e-2f;
  p = p * q + 2.221423760e-2f;
  p = p * q + 8.136689663e-2f;
  p = p * q + 7.390286773e-2f;
  p = p * q + 9.508956224e-2f;
  p = p * q + 9.954635054e-2f;
  p = p * q + 9.974499047e-2f;
  const float tail = bell(x) * (q * p);
  return abs(x) < 1.0f ? 0.5f + x * near : (x < 0.0f ? tail : 1.0f - tail);
}
KINDLING_HOST_DEVICE double normal_cdf(double x) {
  return 0.5 * ::erfc(x * -0.70710678118654752440);
}

/// log(1 + exp(x))
template <class T>
KINDLING_HOST_DEVICE T softplus(T x) {
  return (x > T(0) ? x : T(0)) + log1p(exp(-abs(x)));
}

/// The density of the standard normal distribution.
template <class T>
KINDLING_HOST_DEVICE T normal_density(T x) {
  return static_cast<T>(0.39894228040143267794) * bell(x);
}

}  // namespace kindling::math
