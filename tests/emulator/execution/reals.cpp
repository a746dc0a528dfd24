// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"
#include "tests/emulator/execution/real_types.h"

#include <cfenv>
#include <cmath>
#include <limits>

namespace emulator {
namespace {

// What an operation does with its arguments and its result: .ftz turns subnormal numbers into
// zeros, .sat clamps to [0, 1] (NaN becomes 0).
template <class T, bool flush, bool saturates>
struct Style {
  static T in(T value) { return flush ? flushed(value) : value; }
  static T out(T value) {
    if (flush) value = flushed(value);
    if (saturates) return value > 0 ? (value < 1 ? value : T{1}) : T{0};
    return canonical(value);
  }
};

template <class T, class S>
Handler binary_or_fma(const Statement& s) {
  const std::string_view base = s.base();
  if (base == "add") return lanewise<T, T, T>([](T a, T b) { return S::out(S::in(a) + S::in(b)); });
  if (base == "sub") return lanewise<T, T, T>([](T a, T b) { return S::out(S::in(a)-S::in(b)); });
  if (base == "mul") return lanewise<T, T, T>([](T a, T b) { return S::out(S::in(a)*S::in(b)); });
  if (base == "div") return lanewise<T, T, T>([](T a, T b) { return S::out(S::in(a) / S::in(b)); });
  if (base == "fma" || base == "mad") {
    return lanewise<T, T, T, T>(
        [](T a, T b, T c) { return S::out(std::fma(S::in(a), S::in(b), S::in(c))); });
  }
  if (base == "sqrt") return lanewise<T, T>([](T a) { return S::out(std::sqrt(S::in(a))); });
  if (base == "rcp") return lanewise<T, T>([](T a) { return S::out(T{1} / S::in(a)); });
  return nullptr;
}

template <class T, class S>
Handler other(const Statement& s, const Instruction& instruction) {
  const std::string_view base = s.base();
  if (base == "neg") return lanewise<T, T>([](T a) { return -S::in(a); });
  if (base == "abs") return lanewise<T, T>([](T a) { return std::fabs(S::in(a)); });
  if (base == "min" || base == "max") {
    const bool three = instruction.from[2].exists();
    if (three || s.has("xorsign")) return nullptr;  // newer architectures
    if (base == "min" && s.has("NaN")) {
      return lanewise<T, T, T>([](T a, T b) { return minimum<true>(S::in(a), S::in(b)); });
    }
    if (base == "min") {
      return lanewise<T, T, T>([](T a, T b) { return minimum<false>(S::in(a), S::in(b)); });
    }
    if (s.has("NaN")) {
      return lanewise<T, T, T>([](T a, T b) { return -minimum<true>(-S::in(a), -S::in(b)); });
    }
    return lanewise<T, T, T>([](T a, T b) { return maximum(S::in(a), S::in(b)); });
  }
  if (base == "copysign") return lanewise<T, T, T>([](T a, T b) { return std::copysign(b, a); });
  if (base == "rsqrt") {
    return one_by_one<T, T>([](T a) {
      return S::out(static_cast<T>(1 / std::sqrt(static_cast<long double>(S::in(a)))));
    });
  }
  if (base == "slct") {
    if (s.opcode.back() == "f32") {
      return lanewise<T, T, T, float>([](T a, T b, float c) { return c >= 0 ? a : b; });
    }
    return lanewise<T, T, T, std::int32_t>([](T a, T b, std::int32_t c) { return c >= 0 ? a : b; });
  }
  if constexpr (sizeof(T) == 4) {
    // Approximations: computed in double and rounded once, well within the documented errors.
    if (base == "ex2") return one_by_one<T, T>([](T a) { return S::out(std::exp2(S::in(a))); });
    if (base == "lg2") {
      return one_by_one<T, T>(
          [](T a) { return S::out(static_cast<T>(std::log2(static_cast<double>(S::in(a))))); });
    }
    if (base == "sin") {
      return one_by_one<T, T>(
          [](T a) { return S::out(static_cast<T>(std::sin(static_cast<double>(S::in(a))))); });
    }
    if (base == "cos") {
      return one_by_one<T, T>(
          [](T a) { return S::out(static_cast<T>(std::cos(static_cast<double>(S::in(a))))); });
    }
    if (base == "tanh") return one_by_one<T, T>([](T a) { return S::out(std::tanh(S::in(a))); });
  }
  return nullptr;
}

int host_rounding(Rounding rounding) {
  switch (rounding) {
    case Rounding::zero:
      return FE_TOWARDZERO;
    case Rounding::down:
      return FE_DOWNWARD;
    case Rounding::up:
      return FE_UPWARD;
    default:
      return FE_TONEAREST;
  }
}

// Runs the handler, compiled for rounding to nearest, in another mode of the host. The compiler
// cannot move its loop out of here: it is behind a pointer, and its operands are in memory.
void with_rounding(Warp& warp, const Instruction& instruction, LaneMask mask) {
  std::fesetround(host_rounding(instruction.rounding));
  instruction.inner(warp, instruction, mask);
  std::fesetround(FE_TONEAREST);
}

template <class T>
Handler by_style(const Statement& s, Instruction& instruction) {
  const bool flush = instruction.has(kFlush), saturates = instruction.has(kSaturate);
  const auto pick = [&]<class S>(S) {
    if (const Handler exact = binary_or_fma<T, S>(s)) {
      if (instruction.rounding == Rounding::nearest) return exact;
      instruction.inner = exact;
      return Handler{with_rounding};
    }
    return other<T, S>(s, instruction);
  };
  if (flush) return saturates ? pick(Style<T, true, true>()) : pick(Style<T, true, false>());
  return saturates ? pick(Style<T, false, true>()) : pick(Style<T, false, false>());
}

}  // namespace

Handler real_handler(const Statement& s, Instruction& instruction) {
  return instruction.type == Type::f64 ? by_style<double>(s, instruction)
                                       : by_style<float>(s, instruction);
}

}  // namespace emulator
