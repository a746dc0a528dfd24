// SPDX-License-Identifier: MIT
// Arithmetic instructions of PTX against the host's IEEE arithmetic, on random and special inputs.
// case integers: clean
// case float32: clean
// case float32_directed: clean
// case float32_approximate: clean
// case float64: clean
// case conversions: clean
// case halves: clean
// case bits: clean
#include "tests/emulator/tests/case.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>

namespace {

constexpr unsigned kCount = 4096;

template <class T>
struct Inputs {
  std::vector<T> a, b, c;
};

template <class T>
T random_value(std::mt19937_64& random) {
  const std::uint64_t bits = random();
  if constexpr (std::is_floating_point_v<T>) {
    if (bits % 3 != 0) {  // of ordinary size
      return static_cast<T>(std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())),
                                       static_cast<int>(bits % 40) - 83));
    }
  }
  T value;
  const std::uint64_t any = random();
  std::memcpy(&value, &any, sizeof value);
  return value;
}

template <class T>
std::vector<T> special_values() {
  using Limits = std::numeric_limits<T>;
  if constexpr (std::is_floating_point_v<T>) {
    return {T{0},
            -T{0},
            T{1},
            -T{1},
            Limits::min(),
            Limits::max(),
            -Limits::max(),
            Limits::denorm_min(),
            T(0.5),
            Limits::infinity(),
            -Limits::infinity(),
            Limits::quiet_NaN(),
            T(1.5),
            T(2147483648.0),
            T(-2147483649.0),
            Limits::min() / 2};
  } else {
    return {T{0}, T{1}, static_cast<T>(-1), Limits::min(), Limits::max(), T{2}, T{31}, T{32}};
  }
}

template <class T>
Inputs<T> inputs() {
  std::mt19937_64 random(3);
  Inputs<T> result;
  const std::vector<T> special = special_values<T>();
  const std::size_t n = special.size();
  for (std::size_t i = 0; i < kCount; ++i) {
    const bool all_special = i < n * n;
    result.a.push_back(all_special ? special[i % n] : random_value<T>(random));
    result.b.push_back(all_special ? special[i / n] : random_value<T>(random));
    result.c.push_back(i % 5 == 0 ? special[i % n] : random_value<T>(random));
  }
  return result;
}

template <class T>
bool same(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  }
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <class R, class T, class Device>
__global__ void apply(const T* a, const T* b, const T* c, R* to, Device device) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  to[i] = device(a[i], b[i], c[i]);
}

// Runs `device` and `host` on the same inputs and compares every bit; NaNs are all the same.
template <class R, class T, class Device, class Host>
void compare(const char* name, Device on_device, Host on_host) {
  static const Inputs<T> in = inputs<T>();
  T* a = device(in.a);
  T* b = device(in.b);
  T* c = device(in.c);
  R* to = device<R>(kCount);
  apply<<<kCount / 256, 256>>>(a, b, c, to, on_device);
  check(wait());
  cudaFree(a);
  cudaFree(b);
  cudaFree(c);
  const std::vector<R> values = take(to, kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    const R expected = on_host(in.a[i], in.b[i], in.c[i]);
    if (same(values[i], expected)) continue;
    std::fprintf(stderr, "%s of %.9g, %.9g, %.9g is %.17g, not %.17g\n", name,
                 static_cast<double>(in.a[i]), static_cast<double>(in.b[i]),
                 static_cast<double>(in.c[i]), static_cast<double>(values[i]),
                 static_cast<double>(expected));
    require(false, name);
  }
}

// Asm with result constraint R, input constraint C: one, two and three operands.
#define ASM1(R, text, rc, c)             \
  [] __device__(auto a, auto, auto) {    \
    R r;                                 \
    asm(text " %0, %1;" : rc(r) : c(a)); \
    return r;                            \
  }
#define ASM2(R, text, rc, c)                       \
  [] __device__(auto a, auto b, auto) {            \
    R r;                                           \
    asm(text " %0, %1, %2;" : rc(r) : c(a), c(b)); \
    return r;                                      \
  }
#define ASM3(R, text, rc, c)                                 \
  [] __device__(auto a, auto b, auto d) {                    \
    R r;                                                     \
    asm(text " %0, %1, %2, %3;" : rc(r) : c(a), c(b), c(d)); \
    return r;                                                \
  }
#define HOST(expression)       \
  [](auto a, auto b, auto c) { \
    (void)a;                   \
    (void)b;                   \
    (void)c;                   \
    return expression;         \
  }

using I = std::int32_t;
using U = std::uint32_t;
using L = std::int64_t;
using UL = std::uint64_t;

void integers() {
  compare<U, U>("add", ASM2(U, "add.u32", "=r", "r"), HOST(U(a + b)));
  compare<U, U>("sub", ASM2(U, "sub.u32", "=r", "r"), HOST(U(a - b)));
  compare<U, U>("mul.lo", ASM2(U, "mul.lo.u32", "=r", "r"), HOST(U(a * b)));
  compare<U, U>("mul.hi.u32", ASM2(U, "mul.hi.u32", "=r", "r"), HOST(U(UL(a) * b >> 32)));
  compare<I, I>("mul.hi.s32", ASM2(I, "mul.hi.s32", "=r", "r"), HOST(I(L(a) * b >> 32)));
  compare<L, I>("mul.wide.s32", ASM2(L, "mul.wide.s32", "=l", "r"), HOST(L(a) * b));
  compare<UL, U>("mul.wide.u32", ASM2(UL, "mul.wide.u32", "=l", "r"), HOST(UL(a) * b));
  compare<U, U>("mad.lo", ASM3(U, "mad.lo.u32", "=r", "r"), HOST(U(a * b + c)));
  compare<I, I>("mad.hi", ASM3(I, "mad.hi.s32", "=r", "r"), HOST(I(U(L(a) * b >> 32) + U(c))));
  compare<UL, UL>("mul.hi.u64", ASM2(UL, "mul.hi.u64", "=l", "l"),
                  HOST(UL((unsigned __int128)a * b >> 64)));
  compare<L, L>("mul.hi.s64", ASM2(L, "mul.hi.s64", "=l", "l"), HOST(L((__int128)a * b >> 64)));
  compare<U, U>("div.u32", ASM2(U, "div.u32", "=r", "r"), HOST(b == 0 ? ~0u : a / b));
  compare<I, I>("min.s32", ASM2(I, "min.s32", "=r", "r"), HOST(std::min(a, b)));
  compare<U, U>("max.u32", ASM2(U, "max.u32", "=r", "r"), HOST(std::max(a, b)));
  compare<L, L>("max.s64", ASM2(L, "max.s64", "=l", "l"), HOST(std::max(a, b)));
  compare<I, I>("abs", ASM1(I, "abs.s32", "=r", "r"), HOST(I(a < 0 ? 0u - U(a) : U(a))));
  compare<I, I>("neg", ASM1(I, "neg.s32", "=r", "r"), HOST(I(0u - U(a))));
  compare<I, I>("add.sat", ASM2(I, "add.sat.s32", "=r", "r"),
                HOST(I(std::clamp<L>(L(a) + b, INT32_MIN, INT32_MAX))));
  compare<U, U>("sad", ASM3(U, "sad.u32", "=r", "r"), HOST(U((a > b ? a - b : b - a) + c)));
  compare<U, U>(
      "addc",
      [] __device__(U a, U b, U c) {
        U low, high;
        asm("add.cc.u32 %0, %2, %3;\n\taddc.u32 %1, %4, %3;"
            : "=&r"(low), "=r"(high)
            : "r"(a), "r"(b), "r"(c));
        return low ^ high;
      },
      HOST(U((a + b) ^ (c + b + (UL(a) + b >> 32)))));
  compare<I, I>("dp4a", ASM3(I, "dp4a.s32.s32", "=r", "r"), [](I a, I b, I c) {
    U sum = U(c);
    for (int i = 0; i < 4; ++i) sum += U(I(std::int8_t(a >> 8 * i)) * I(std::int8_t(b >> 8 * i)));
    return I(sum);
  });
}

void bits() {
  compare<U, U>("and", ASM2(U, "and.b32", "=r", "r"), HOST(a & b));
  compare<U, U>(
      "lop3",
      [] __device__(U a, U b, U c) {
        U r;
        asm("lop3.b32 %0, %1, %2, %3, 0xe8;" : "=r"(r) : "r"(a), "r"(b), "r"(c));
        return r;
      },
      HOST(U((a & b) | (a & c) | (b & c))));
  compare<U, U>("shl", ASM2(U, "shl.b32", "=r", "r"), HOST(b > 31 ? 0u : a << b));
  compare<U, U>("shr.u32", ASM2(U, "shr.u32", "=r", "r"), HOST(b > 31 ? 0u : a >> b));
  compare<I, I>("shr.s32", ASM2(I, "shr.s32", "=r", "r"), HOST(a >> std::min(U(b), 31u)));
  compare<U, U>("popc", ASM1(U, "popc.b32", "=r", "r"), HOST(U(__builtin_popcount(a))));
  compare<U, U>("clz", ASM1(U, "clz.b32", "=r", "r"), HOST(a ? U(__builtin_clz(a)) : 32u));
  compare<U, UL>("clz.b64", ASM1(U, "clz.b64", "=r", "l"), HOST(a ? U(__builtin_clzll(a)) : 64u));
  compare<U, U>("brev", ASM1(U, "brev.b32", "=r", "r"), [](U a, U, U) {
    U r = 0;
    for (int i = 0; i < 32; ++i) r |= (a >> i & 1) << (31 - i);
    return r;
  });
  compare<U, U>("bfind.u32", ASM1(U, "bfind.u32", "=r", "r"),
                HOST(a ? 31u - U(__builtin_clz(a)) : ~0u));
  compare<U, I>("bfind.s32", ASM1(U, "bfind.s32", "=r", "r"), [](I a, I, I) {
    const U v = a < 0 ? ~U(a) : U(a);
    return v ? 31u - U(__builtin_clz(v)) : ~0u;
  });
  compare<U, U>("bfind.shiftamt", ASM1(U, "bfind.shiftamt.u32", "=r", "r"),
                HOST(a ? U(__builtin_clz(a)) : ~0u));
  compare<U, U>(
      "bfe.u32",
      [] __device__(U a, U b, U) {
        U r;
        asm("bfe.u32 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b % 32), "r"(b / 32 % 33));
        return r;
      },
      [](U a, U b, U) {
        const U from = b % 32, length = b / 32 % 33;
        return U(a >> from & ((UL{1} << length) - 1));
      });
  compare<U, U>(
      "bfi",
      [] __device__(U a, U b, U c) {
        U r;
        asm("bfi.b32 %0, %1, %2, %3, %4;"
            : "=r"(r)
            : "r"(a), "r"(c), "r"(b % 32), "r"(b / 32 % 33));
        return r;
      },
      [](U a, U b, U c) {
        const U from = b % 32, length = b / 32 % 33;
        const U mask = U(((UL{1} << length) - 1) << from);
        return (c & ~mask) | (a << from & mask);
      });
  compare<U, U>("prmt", ASM3(U, "prmt.b32", "=r", "r"), [](U a, U b, U c) {
    const UL both = UL(b) << 32 | a;
    U r = 0;
    for (int i = 0; i < 4; ++i) {
      const U selector = c >> 4 * i & 15;
      U byte = U(both >> 8 * (selector & 7)) & 255;
      if (selector & 8) byte = byte & 128 ? 255 : 0;
      r |= byte << 8 * i;
    }
    return r;
  });
  compare<U, U>("shf.l.wrap", ASM3(U, "shf.l.wrap.b32", "=r", "r"),
                HOST(U((UL(b) << 32 | a) << (c & 31) >> 32)));
  compare<U, U>("shf.r.clamp", ASM3(U, "shf.r.clamp.b32", "=r", "r"),
                HOST(U((UL(b) << 32 | a) >> std::min(c, 32u))));
}

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
                  {{"integers", integers},
                   {"bits", bits},
                   {"float32", float32},
                   {"float32_directed", float32_directed},
                   {"float32_approximate", float32_approximate},
                   {"float64", float64},
                   {"conversions", conversions},
                   {"halves", halves}});
}
