// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"
#include "tests/emulator/execution/real_types.h"

#include <cfenv>
#include <cmath>

namespace emulator {
namespace {

// Runs the handler, compiled for rounding to nearest, in another mode of the host. The compiler
// cannot move its loop out of here: it is behind a pointer, and its operands are in memory.
void with_rounding(Warp& warp, const Instruction& instruction, LaneMask mask) {
  static constexpr int kModes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
  std::fesetround(kModes[static_cast<std::size_t>(instruction.rounding)]);
  instruction.inner(warp, instruction, mask);
  std::fesetround(FE_TONEAREST);
}

// .ftz turns subnormal numbers into zeros, .sat clamps to [0, 1].
template <class T, bool flush, bool saturates>
struct Style {
  static T in(T value) { return flush ? flushed(value) : value; }
  static T out(T value) {
    if (flush) value = flushed(value);
    return saturates ? saturated(value) : canonical(value);
  }
};

template <class T, class S>
Handler by_name(const Statement& s) {
  const bool nan = s.has("NaN"), by_real = s.opcode.back() == "f32";
  return named<Handler>(
      s.base(),
      {
          {"add", lanewise<T>([](T a, T b) { return S::out(S::in(a) + S::in(b)); })},
          {"sub", lanewise<T>([](T a, T b) { return S::out(S::in(a)-S::in(b)); })},
          {"mul", lanewise<T>([](T a, T b) { return S::out(S::in(a)*S::in(b)); })},
          {"div", lanewise<T>([](T a, T b) { return S::out(S::in(a) / S::in(b)); })},
          {"fma", lanewise<T>([](T a, T b, T c) {
             return S::out(std::fma(S::in(a), S::in(b), S::in(c)));
           })},
          {"mad", lanewise<T>([](T a, T b, T c) {
             return S::out(std::fma(S::in(a), S::in(b), S::in(c)));
           })},
          {"sqrt", lanewise<T>([](T a) { return S::out(std::sqrt(S::in(a))); })},
          {"rcp", lanewise<T>([](T a) { return S::out(T{1} / S::in(a)); })},
          {"neg", lanewise<T>([](T a) { return -S::in(a); })},
          {"abs", lanewise<T>([](T a) { return std::fabs(S::in(a)); })},
          {"min", nan ? lanewise<T>([](T a, T b) { return minimum<true>(S::in(a), S::in(b)); })
                      : lanewise<T>([](T a, T b) { return minimum<false>(S::in(a), S::in(b)); })},
          {"max", nan ? lanewise<T>([](T a, T b) { return maximum<true>(S::in(a), S::in(b)); })
                      : lanewise<T>([](T a, T b) { return maximum<false>(S::in(a), S::in(b)); })},
          {"copysign", lanewise<T>([](T a, T b) { return std::copysign(b, a); })},
          {"slct", by_real ? lanewise<T>([](T a, T b, float c) { return c >= 0 ? a : b; })
                           : lanewise<T>([](T a, T b, std::int32_t c) { return c >= 0 ? a : b; })},
          // Approximations: computed with more digits, well within the documented errors.
          {"rsqrt", one_by_one<T>([](T a) {
             return S::out(static_cast<T>(1 / std::sqrt(static_cast<long double>(S::in(a)))));
           })},
      });
}

// float32 alone: in double, rounded once.
template <class S>
Handler approximation(std::string_view name) {
  return named<Handler>(
      name, {
                {"ex2", one_by_one<float>([](float a) { return S::out(std::exp2(S::in(a))); })},
                {"tanh", one_by_one<float>([](float a) { return S::out(std::tanh(S::in(a))); })},
                {"lg2", one_by_one<float>([](float a) {
                   return S::out(static_cast<float>(std::log2(static_cast<double>(S::in(a)))));
                 })},
                {"sin", one_by_one<float>([](float a) {
                   return S::out(static_cast<float>(std::sin(static_cast<double>(S::in(a)))));
                 })},
                {"cos", one_by_one<float>([](float a) {
                   return S::out(static_cast<float>(std::cos(static_cast<double>(S::in(a)))));
                 })},
            });
}

template <class T, class S>
Handler by_style(const Statement& s) {
  const Handler handler = by_name<T, S>(s);
  if constexpr (sizeof(T) == 4) return handler ? handler : approximation<S>(s.base());
  return handler;
}

template <class T>
Handler by_type(const Statement& s, const Instruction& instruction) {
  const bool saturates = instruction.has(kSaturate);
  if (instruction.has(kFlush)) {
    return saturates ? by_style<T, Style<T, true, true>>(s) : by_style<T, Style<T, true, false>>(s);
  }
  return saturates ? by_style<T, Style<T, false, true>>(s) : by_style<T, Style<T, false, false>>(s);
}

}  // namespace

Handler rounded_as_told(Handler handler, Instruction& instruction) {
  if (!handler || instruction.rounding == Rounding::nearest) return handler;
  instruction.inner = handler;
  return with_rounding;
}

Handler real_handler(const Statement& s, Instruction& instruction) {
  if (s.has("xorsign")) return nullptr;  // newer architectures
  return rounded_as_told(instruction.type == Type::f64 ? by_type<double>(s, instruction)
                                                       : by_type<float>(s, instruction),
                         instruction);
}

}  // namespace emulator
