// SPDX-License-Identifier: MIT
// Instructions of PTX on reals against the host's IEEE arithmetic, on random and special inputs.
// case float32: clean
// case float32_directed: clean
// case float32_approximate: clean
// case float64: clean
// case conversions: clean
// case halves: clean
#include "tests/emulator/tests/features/conformance.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace {

void float32() {
  using F = float;
  compare<F, F>("add", ASM2(F, "add.rn.f32", "=f", "f"), HOST(a + b));
  compare<F, F>("sub", ASM2(F, "sub.rn.f32", "=f", "f"), HOST(a - b));
  compare<F, F>("mul", ASM2(F, "mul.rn.f32", "=f", "f"), HOST(a * b));
  compare<F, F>("fma", ASM3(F, "fma.rn.f32", "=f", "f"), HOST(std::fma(a, b, c)));
  compare<F, F>("div", ASM2(F, "div.rn.f32", "=f", "f"), HOST(a / b));
  compare<F, F>("sqrt", ASM1(F, "sqrt.rn.f32", "=f", "f"), HOST(std::sqrt(a)));
  compare<F, F>("rcp", ASM1(F, "rcp.rn.f32", "=f", "f"), HOST(1.0f / a));
  compare<F, F>("min", ASM2(F, "min.f32", "=f", "f"), [](F a, F b, F) {
    if (a == 0 && b == 0) return std::signbit(a) ? a : b;
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) ? b : a;
    return std::fmin(a, b);
  });
  compare<F, F>("max", ASM2(F, "max.f32", "=f", "f"), [](F a, F b, F) {
    if (a == 0 && b == 0) return std::signbit(a) ? b : a;
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) ? b : a;
    return std::fmax(a, b);
  });
  compare<F, F>("max.NaN", ASM2(F, "max.NaN.f32", "=f", "f"), [](F a, F b, F) {
    if (std::isnan(a) || std::isnan(b)) return std::nanf("");
    if (a == 0 && b == 0) return std::signbit(a) ? b : a;
    return std::fmax(a, b);
  });
  compare<F, F>("abs", ASM1(F, "abs.f32", "=f", "f"), HOST(std::fabs(a)));
  compare<F, F>("neg", ASM1(F, "neg.f32", "=f", "f"), HOST(-a));
  const auto flushed = [](F x) {
    return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x;
  };
  compare<F, F>("mul.ftz", ASM2(F, "mul.rn.ftz.f32", "=f", "f"),
                [=](F a, F b, F) { return flushed(flushed(a) * flushed(b)); });
  compare<F, F>("add.sat", ASM2(F, "add.rn.sat.f32", "=f", "f"), [](F a, F b, F) {
    const F sum = a + b;
    return std::isnan(sum) || sum <= 0 ? 0.0f : std::min(sum, 1.0f);
  });
}

template <class Function>
float rounded(int mode, Function function) {
  std::fesetround(mode);
  volatile float result = function();
  std::fesetround(FE_TONEAREST);
  return result;
}

// Volatile, so that the compiler does not compute at its own rounding mode.
#define ROUNDED(name, text, arity, mode, expression)                               \
  compare<F, F>(name, ASM##arity(F, text, "=f", "f"), [](F in_a, F in_b, F in_c) { \
    [[maybe_unused]] volatile F a = in_a, b = in_b, c = in_c;                      \
    return rounded(mode, [&]() -> F { return expression; });                       \
  })
#define DIRECTED(name, arity, expression)                          \
  ROUNDED(name, name ".rz.f32", arity, FE_TOWARDZERO, expression); \
  ROUNDED(name, name ".rm.f32", arity, FE_DOWNWARD, expression);   \
  ROUNDED(name, name ".rp.f32", arity, FE_UPWARD, expression)

void float32_directed() {
  using F = float;
  DIRECTED("add", 2, a + b);
  DIRECTED("mul", 2, a * b);
  DIRECTED("div", 2, a / b);
  DIRECTED("fma", 3, std::fma(F(a), F(b), F(c)));
  DIRECTED("sqrt", 1, std::sqrt(F(a)));
}

// Within the error that the PTX manual documents: relative, absolute, or the sum of both.
template <class Device, class Exact>
void approximates(const char* name, Device on_device, Exact exact, float low, float high,
                  double relative, double absolute) {
  std::vector<float> in;
  for (unsigned i = 0; i < kCount; ++i) {
    in.push_back(low + (high - low) * static_cast<float>(i) / static_cast<float>(kCount));
  }
  float* a = device(in);
  float* to = device<float>(kCount);
  apply<<<kCount / 256, 256>>>(a, a, a, to, on_device);
  check(wait());
  cudaFree(a);
  const std::vector<float> values = take(to, kCount);
  for (unsigned i = 0; i < kCount; ++i) {
    const double expected = exact(static_cast<double>(in[i]));
    const double error = std::fabs(static_cast<double>(values[i]) - expected);
    if (error <= relative * std::fabs(expected) + absolute) continue;
    std::fprintf(stderr, "%s of %.9g is %.9g, not %.9g\n", name, static_cast<double>(in[i]),
                 static_cast<double>(values[i]), expected);
    require(false, name);
  }
}

void float32_approximate() {
  constexpr double ulp = 1.0 / (1 << 23);
  approximates(
      "rcp", ASM1(float, "rcp.approx.f32", "=f", "f"), [](double x) { return 1 / x; }, 0.01f, 100,
      ulp, 0);
  approximates(
      "rsqrt", ASM1(float, "rsqrt.approx.f32", "=f", "f"),
      [](double x) { return 1 / std::sqrt(x); }, 0.01f, 100, 2 * ulp, 0);
  approximates(
      "sqrt", ASM1(float, "sqrt.approx.f32", "=f", "f"), [](double x) { return std::sqrt(x); },
      0.01f, 100, 2 * ulp, 0);
  approximates(
      "ex2", ASM1(float, "ex2.approx.f32", "=f", "f"), [](double x) { return std::exp2(x); }, -20,
      20, 2 * ulp, 0);
  approximates(
      "lg2", ASM1(float, "lg2.approx.f32", "=f", "f"), [](double x) { return std::log2(x); }, 0.5f,
      2, 0, 1.0 / (1 << 22));
  approximates(
      "lg2", ASM1(float, "lg2.approx.f32", "=f", "f"), [](double x) { return std::log2(x); }, 2,
      1000, ulp, 0);
  approximates(
      "sin", ASM1(float, "sin.approx.f32", "=f", "f"), [](double x) { return std::sin(x); }, -3.14f,
      3.14f, 0, 5.1e-7);
  approximates(
      "cos", ASM1(float, "cos.approx.f32", "=f", "f"), [](double x) { return std::cos(x); }, -3.14f,
      3.14f, 0, 5.1e-7);
  approximates(
      "tanh", ASM1(float, "tanh.approx.f32", "=f", "f"), [](double x) { return std::tanh(x); }, -5,
      5, 1.0 / (1 << 10), 0);
  approximates(
      "div", ASM2(float, "div.approx.f32", "=f", "f"), [](double) { return 1.0; }, 0.01f, 100,
      2 * ulp, 0);
}

void float64() {
  using D = double;
  compare<D, D>("add", ASM2(D, "add.rn.f64", "=d", "d"), HOST(a + b));
  compare<D, D>("mul", ASM2(D, "mul.rn.f64", "=d", "d"), HOST(a * b));
  compare<D, D>("fma", ASM3(D, "fma.rn.f64", "=d", "d"), HOST(std::fma(a, b, c)));
  compare<D, D>("div", ASM2(D, "div.rn.f64", "=d", "d"), HOST(a / b));
  compare<D, D>("sqrt", ASM1(D, "sqrt.rn.f64", "=d", "d"), HOST(std::sqrt(a)));
  compare<D, D>("rcp", ASM1(D, "rcp.rn.f64", "=d", "d"), HOST(1.0 / a));
}

// As PTX converts: values out of range to the nearest there is; NaN to 0, but, from .f64 or to 64
// bits, to the value whose top bit alone is set.
template <class R, class T>
R saturated(T value) {
  const double x = static_cast<double>(value);
  if (std::isnan(x)) {
    return sizeof(R) == 8 || sizeof(T) == 8 ? static_cast<R>(UL{1} << (8 * sizeof(R) - 1)) : R{0};
  }
  if (x <= static_cast<double>(std::numeric_limits<R>::min())) return std::numeric_limits<R>::min();
  if (x >= std::ldexp(1.0, std::numeric_limits<R>::digits)) return std::numeric_limits<R>::max();
  return static_cast<R>(x);
}

void conversions() {
  compare<I, float>("cvt.rni.s32.f32", ASM1(I, "cvt.rni.s32.f32", "=r", "f"),
                    HOST(saturated<I>(std::nearbyint(a))));
  compare<I, float>("cvt.rzi.s32.f32", ASM1(I, "cvt.rzi.s32.f32", "=r", "f"),
                    HOST(saturated<I>(std::trunc(a))));
  compare<U, float>("cvt.rmi.u32.f32", ASM1(U, "cvt.rmi.u32.f32", "=r", "f"),
                    HOST(saturated<U>(std::floor(a))));
  compare<I, double>("cvt.rpi.s32.f64", ASM1(I, "cvt.rpi.s32.f64", "=r", "d"),
                     HOST(saturated<I>(std::ceil(a))));
  compare<float, I>("cvt.rn.f32.s32", ASM1(float, "cvt.rn.f32.s32", "=f", "r"), HOST(float(a)));
  compare<float, U>("cvt.rn.f32.u32", ASM1(float, "cvt.rn.f32.u32", "=f", "r"), HOST(float(a)));
  compare<float, L>("cvt.rn.f32.s64", ASM1(float, "cvt.rn.f32.s64", "=f", "l"), HOST(float(a)));
  compare<double, UL>("cvt.rn.f64.u64", ASM1(double, "cvt.rn.f64.u64", "=d", "l"), HOST(double(a)));
  compare<float, double>("cvt.rn.f32.f64", ASM1(float, "cvt.rn.f32.f64", "=f", "d"),
                         HOST(float(a)));
  compare<double, float>("cvt.f64.f32", ASM1(double, "cvt.f64.f32", "=d", "f"), HOST(double(a)));
  compare<L, I>("cvt.s64.s32", ASM1(L, "cvt.s64.s32", "=l", "r"), HOST(L(a)));
  compare<L, L>("cvt.s64.s32 of a wide register", ASM1(L, "cvt.s64.s32", "=l", "l"), HOST(L(I(a))));
  compare<I, I>("cvt.s32.s8", ASM1(I, "cvt.s32.s8", "=r", "r"), HOST(I(std::int8_t(a))));
  compare<I, I>("cvt.sat.s8.s32", ASM1(I, "cvt.sat.s8.s32", "=r", "r"),
                HOST(std::clamp(a, -128, 127)));
  compare<float, float>("cvt.rni.f32.f32", ASM1(float, "cvt.rni.f32.f32", "=f", "f"),
                        HOST(std::nearbyint(a)));
}

// The host's half types are the reference here: they are plain C++ that is compiled for the host.
void halves() {
  using F = float;
  const auto round_half = [](F x) { return __half2float(__float2half_rn(x)); };
  const auto round_brain = [](F x) { return __bfloat162float(__float2bfloat16_rn(x)); };
  compare<F, F>(
      "cvt.rn.f16.f32", [] __device__(F a, F, F) { return __half2float(__float2half_rn(a)); },
      [=](F a, F, F) { return round_half(a); });
  compare<F, F>(
      "cvt.rn.bf16.f32",
      [] __device__(F a, F, F) { return __bfloat162float(__float2bfloat16_rn(a)); },
      [=](F a, F, F) { return round_brain(a); });
  compare<F, F>(
      "add.f16",
      [] __device__(F a, F b, F) {
        return __half2float(__hadd_rn(__float2half_rn(a), __float2half_rn(b)));
      },
      [=](F a, F b, F) { return round_half(round_half(a) + round_half(b)); });
  compare<F, F>(
      "mul.f16",
      [] __device__(F a, F b, F) {
        return __half2float(__hmul_rn(__float2half_rn(a), __float2half_rn(b)));
      },
      [=](F a, F b, F) { return round_half(round_half(a) * round_half(b)); });
  compare<F, F>(
      "fma.bf16",
      [] __device__(F a, F b, F c) {
        return __bfloat162float(
            __hfma(__float2bfloat16_rn(a), __float2bfloat16_rn(b), __float2bfloat16_rn(c)));
      },
      [=](F a, F b, F c) {
        // Rounded to odd first, so that the second rounding is the only one.
        const double x = double(round_brain(a)) * double(round_brain(b)),
                     y = double(round_brain(c));
        const double sum = x + y;
        const double part = sum - x, rest = (x - (sum - part)) + (y - part);
        UL raw;
        std::memcpy(&raw, &sum, 8);
        if (std::isfinite(sum) && rest != 0 && (raw & 1) == 0) {
          raw += (rest > 0) == (sum > 0) ? 1 : -1;
        }
        double odd;
        std::memcpy(&odd, &raw, 8);
        float narrow = float(odd);
        U bits32;
        std::memcpy(&bits32, &narrow, 4);
        if (std::isfinite(narrow) && double(narrow) != odd && (bits32 & 1) == 0) {
          bits32 += (std::fabs(odd) > std::fabs(double(narrow))) ? 1 : -1;
          std::memcpy(&narrow, &bits32, 4);
        }
        return round_brain(narrow);
      });
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"float32", float32},
                   {"float32_directed", float32_directed},
                   {"float32_approximate", float32_approximate},
                   {"float64", float64},
                   {"conversions", conversions},
                   {"halves", halves}});
}
