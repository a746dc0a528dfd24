// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"
#include "tests/emulator/execution/real_types.h"

#include <algorithm>

namespace emulator {

std::uint16_t round_to_half(double value, HalfFormat format, Rounding rounding) {
  const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
  const int top = (1 << format.exponent_bits) - 1;
  if (value != value) return 0x7fff;
  const auto infinity = static_cast<std::uint16_t>(top << format.fraction_bits);
  const double magnitude = std::fabs(value);
  if (std::isinf(value)) return sign | infinity;
  if (magnitude == 0) return sign;
  // The unit of the last place: that of the value, or of subnormal numbers.
  const int exponent = std::max(std::ilogb(magnitude), 1 - format.bias());
  const double units = std::ldexp(magnitude, format.fraction_bits - exponent);
  double whole = std::floor(units);
  const double rest = units - whole;
  switch (rounding) {
    case Rounding::nearest:
      if (rest > 0.5 || (rest == 0.5 && std::fmod(whole, 2) != 0)) whole += 1;
      break;
    case Rounding::zero:
      break;
    case Rounding::down:
      whole += sign && rest > 0;
      break;
    case Rounding::up:
      whole += !sign && rest > 0;
      break;
  }
  // A carry out of the fraction raises the exponent by itself.
  const auto bits =
      static_cast<std::uint32_t>(whole) +
      (static_cast<std::uint32_t>(exponent + format.bias() - 1) << format.fraction_bits);
  if (bits >= infinity) {
    const bool to_infinity = rounding == Rounding::nearest || (rounding == Rounding::up && !sign) ||
                             (rounding == Rounding::down && sign);
    return static_cast<std::uint16_t>(sign | (to_infinity ? infinity : infinity - 1));
  }
  return static_cast<std::uint16_t>(sign | bits);
}

double from_half(std::uint16_t bits, HalfFormat format) {
  const int top = (1 << format.exponent_bits) - 1;
  const int exponent = (bits >> format.fraction_bits) & top;
  const int fraction = bits & ((1 << format.fraction_bits) - 1);
  double magnitude = 0;
  if (exponent == top) {
    magnitude = fraction ? std::numeric_limits<double>::quiet_NaN()
                         : std::numeric_limits<double>::infinity();
  } else if (exponent == 0) {
    magnitude = std::ldexp(fraction, 1 - format.bias() - format.fraction_bits);
  } else {
    magnitude = std::ldexp(fraction + (1 << format.fraction_bits),
                           exponent - format.bias() - format.fraction_bits);
  }
  return bits & 0x8000 ? -magnitude : magnitude;
}

double fma_to_odd(double a, double b, double c) {
  const double product = a * b;  // exact: at most 48 bits
  const double sum = product + c;
  if (!std::isfinite(sum)) return sum;
  // What the sum lost (two-sum of Knuth); if anything, the last bit becomes odd, towards it.
  const double c_part = sum - product;
  const double lost = (product - (sum - c_part)) + (c - c_part);
  if (lost == 0) return sum;
  const auto bits = std::bit_cast<std::uint64_t>(sum);
  if (bits & 1) return sum;
  const bool away = std::signbit(lost) == std::signbit(sum);
  return std::bit_cast<double>(away ? bits + 1 : bits - 1);
}

namespace {

// to = f(a, b, c) of every half, computed in double, where sums and products are exact or round so
// that rounding again is harmless. T is one half; the instruction may be on packed pairs.
template <class T, class F>
Handler each_half(F) {
  return [](Warp& warp, const Instruction& instruction, LaneMask mask) {
    constexpr F f;
    const auto parts = static_cast<std::size_t>(width_of(instruction.type)) / sizeof(T);
    const auto flush = [&](double value) {
      const bool small = instruction.has(kFlush) && std::fabs(value) < T::smallest();
      return small ? std::copysign(0.0, value) : value;
    };
    const auto argument = [&](std::size_t number, std::size_t element) {
      const Operand& from = instruction.from[number];
      return from.exists() ? flush(warp.lanes<const T>(from)[element]) : 0.0;
    };
    for (const std::size_t lane : lanes_of(mask)) {
      for (std::size_t element = lane * parts; element < (lane + 1) * parts; ++element) {
        double result = f(argument(0, element), argument(1, element), argument(2, element));
        if (instruction.has(kSaturate)) result = saturated(result);
        warp.lanes<T>(instruction.to[0])[element] = T::rounded(flush(T::rounded(result)));
      }
    }
  };
}

template <class T>
Handler by_name(const Statement& s) {
  using D = double;
  const bool nan = s.has("NaN");
  return named<Handler>(
      s.base(),
      {
          {"add", each_half<T>([](D a, D b, D) { return fma_to_odd(a, 1, b); })},
          {"sub", each_half<T>([](D a, D b, D) { return fma_to_odd(a, 1, -b); })},
          {"mul", each_half<T>([](D a, D b, D) { return a * b; })},
          {"fma", s.has("relu") ? each_half<T>([](D a, D b, D c) {
             const D sum = fma_to_odd(a, b, c);
             return sum < 0 ? 0 : sum;
           })
                                : each_half<T>([](D a, D b, D c) { return fma_to_odd(a, b, c); })},
          {"min", nan ? each_half<T>([](D a, D b, D) { return minimum<true>(a, b); })
                      : each_half<T>([](D a, D b, D) { return minimum<false>(a, b); })},
          {"max", nan ? each_half<T>([](D a, D b, D) { return maximum<true>(a, b); })
                      : each_half<T>([](D a, D b, D) { return maximum<false>(a, b); })},
          {"ex2", each_half<T>([](D a, D, D) { return std::exp2(a); })},
          {"tanh", each_half<T>([](D a, D, D) { return std::tanh(a); })},
      });
}

// Signs are bits: these keep what a NaN holds.
template <class T>
Handler sign_by_name(std::string_view name) {
  return named<Handler>(
      name, {{"neg", lanewise<T>([](T a) { return a ^ static_cast<T>(0x80008000u); })},
             {"abs", lanewise<T>([](T a) { return a & static_cast<T>(0x7fff7fffu); })}});
}

}  // namespace

Handler half_handler(const Statement& s, Instruction& instruction) {
  if (s.has("oob") || s.has("xorsign")) return nullptr;
  const Handler sign = is_packed(instruction.type) ? sign_by_name<std::uint32_t>(s.base())
                                                   : sign_by_name<std::uint16_t>(s.base());
  if (sign) return sign;
  return element_of(instruction.type) == Type::bf16 ? by_name<Brain>(s) : by_name<Half>(s);
}

}  // namespace emulator
