// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"
#include "tests/emulator/execution/real_types.h"

#include <algorithm>
#include <array>

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

enum class HalfOperation : std::uint8_t {
  add,
  sub,
  mul,
  fma,
  fma_relu,
  neg,
  abs,
  min,
  max,
  min_nan,
  max_nan,
  ex2,
  tanh,
  none
};

HalfOperation operation_of(const Statement& s) {
  const std::string_view base = s.base();
  if (s.has("oob") || s.has("xorsign")) return HalfOperation::none;
  if (base == "fma") return s.has("relu") ? HalfOperation::fma_relu : HalfOperation::fma;
  if (base == "min") return s.has("NaN") ? HalfOperation::min_nan : HalfOperation::min;
  if (base == "max") return s.has("NaN") ? HalfOperation::max_nan : HalfOperation::max;
  static constexpr std::array<std::pair<std::string_view, HalfOperation>, 7> kOthers = {
      {{"add", HalfOperation::add},
       {"sub", HalfOperation::sub},
       {"mul", HalfOperation::mul},
       {"neg", HalfOperation::neg},
       {"abs", HalfOperation::abs},
       {"ex2", HalfOperation::ex2},
       {"tanh", HalfOperation::tanh}}};
  for (const auto& [name, operation] : kOthers) {
    if (base == name) return operation;
  }
  return HalfOperation::none;
}

// One operation on 16-bit numbers. Sums and products of two are computed in double, where they
// are exact or round so that rounding again is harmless.
std::uint16_t compute(HalfOperation operation, HalfFormat format, const Instruction& instruction,
                      std::uint16_t a_bits, std::uint16_t b_bits, std::uint16_t c_bits) {
  if (operation == HalfOperation::neg) return a_bits ^ 0x8000;
  if (operation == HalfOperation::abs) return a_bits & 0x7fff;
  const double smallest = std::ldexp(1.0, 1 - format.bias());
  const auto flush = [&](double value) {
    const bool small = instruction.has(kFlush) && std::fabs(value) < smallest;
    return small ? std::copysign(0.0, value) : value;
  };
  const double a = flush(from_half(a_bits, format)), b = flush(from_half(b_bits, format));
  const double c = flush(from_half(c_bits, format));
  double result = 0;
  switch (operation) {
    case HalfOperation::add:
      result = fma_to_odd(a, 1, b);
      break;
    case HalfOperation::sub:
      result = fma_to_odd(a, 1, -b);
      break;
    case HalfOperation::mul:
      result = a * b;
      break;
    case HalfOperation::fma:
      result = fma_to_odd(a, b, c);
      break;
    case HalfOperation::fma_relu:
      result = fma_to_odd(a, b, c);
      result = result < 0 ? 0 : result;
      break;
    case HalfOperation::min:
      result = minimum<false>(a, b);
      break;
    case HalfOperation::max:
      result = maximum(a, b);
      break;
    case HalfOperation::min_nan:
      result = minimum<true>(a, b);
      break;
    case HalfOperation::max_nan:
      result = -minimum<true>(-a, -b);
      break;
    case HalfOperation::ex2:
      result = std::exp2(a);
      break;
    default:
      result = std::tanh(a);
      break;
  }
  if (instruction.has(kSaturate)) result = result > 0 ? std::min(result, 1.0) : 0.0;
  const std::uint16_t bits = round_to_half(result, format, Rounding::nearest);
  const bool subnormal = ((bits & 0x7fff) >> format.fraction_bits) == 0;
  return instruction.has(kFlush) && subnormal ? bits & 0x8000 : bits;
}

template <class T>
void half_operation(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const auto operation = static_cast<HalfOperation>(instruction.operation);
  const bool brain = instruction.type == Type::bf16 || instruction.type == Type::bf16x2;
  const HalfFormat format = brain ? kBrain : emulator::kHalf;
  const auto argument = [&](int index, int lane, int part) {
    const Operand& operand = instruction.from[static_cast<std::size_t>(index)];
    if (!operand.exists()) return std::uint16_t{0};
    return static_cast<std::uint16_t>(warp.lanes<const T>(operand)[lane] >> (16 * part));
  };
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    T result = 0;
    for (int part = 0; part < static_cast<int>(sizeof(T) / 2); ++part) {
      const std::uint16_t half = compute(operation, format, instruction, argument(0, lane, part),
                                         argument(1, lane, part), argument(2, lane, part));
      result = static_cast<T>(result | static_cast<T>(half) << (16 * part));
    }
    warp.lanes<T>(instruction.to[0])[lane] = result;
  }
}

}  // namespace

Handler half_handler(const Statement& s, Instruction& instruction) {
  const HalfOperation operation = operation_of(s);
  if (operation == HalfOperation::none) return nullptr;
  instruction.operation = static_cast<std::uint8_t>(operation);
  const bool packed = instruction.type == Type::f16x2 || instruction.type == Type::bf16x2;
  return packed ? half_operation<std::uint32_t> : half_operation<std::uint16_t>;
}

}  // namespace emulator
