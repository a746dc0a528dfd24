// SPDX-License-Identifier: MIT
#pragma once

// What the comparisons of arithmetic instructions with the host share: inputs, and a kernel that
// applies an instruction to them.

#include "tests/emulator/tests/case.h"

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

}  // namespace
