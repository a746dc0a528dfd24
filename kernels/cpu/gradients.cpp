// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/clip.h>
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/sums.h>
#include <kindling/kernels/math/optimizers.h>

#include <cstdint>

/// Whole-gradient passes: the search for non-finite values, the norm, clipping.
namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// Infinities and NaNs are the numbers whose exponent bits are all ones.
template <class T, class Bits, Bits exponent>
bool has_nonfinite(const T* x, std::int64_t count) {
  Bits found = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const Bits bits = math::bits_of<Bits>(x[i]) & exponent;
    found |= bits == exponent ? Bits{1} : Bits{0};
  }
  return found != 0;
}

template <class T>
__attribute__((always_inline)) inline double square(T x) {
  const auto value = static_cast<double>(x);
  return value * value;
}

/// The sum of n squares: of eight in the loop that makes them, which spares most of the buffer.
template <class T>
double squares(const T* x, std::int64_t n) {
  const double eights =
      sum_of_values<double>(0, n / 8, [x](std::int64_t begin, std::int64_t count, double* sums) {
        const T* row = x + 8 * begin;
        simd_for(count, [=](std::int64_t i) {
          const auto at = [=](int k) { return square(row[k * count + i]); };
          sums[i] = ((at(0) + at(1)) + (at(2) + at(3))) + ((at(4) + at(5)) + (at(6) + at(7)));
        });
      });
  double rest = 0;
  for (std::int64_t i = n / 8 * 8; i < n; ++i) rest += square(x[i]);
  return eights + rest;
}

template <class T>
double sum_of_squares(const T* x, std::int64_t n) {
  return sum_of_parts(n, kElementsPerBlock, [x](std::int64_t begin, std::int64_t end) {
    return squares(x + begin, end - begin);
  });
}

bool is_nonfinite(const View& x) {
  std::int32_t found = 0;
  for_each_block(x.numel, kElementsPerBlock, [&](std::int64_t begin, std::int64_t end) {
    const bool here = x.dtype == DType::float32
                          ? has_nonfinite<float, std::uint32_t, 0x7f800000u>(
                                elements<const float>(x) + begin, end - begin)
                          : has_nonfinite<double, std::uint64_t, 0x7ff0000000000000u>(
                                elements<const double>(x) + begin, end - begin);
    if (here) __atomic_store_n(&found, 1, __ATOMIC_RELAXED);
  });
  return found != 0;
}

}  // namespace

void scale_gradient(const View& gradient, double coefficient) {
  with_type(gradient.dtype, [&](auto zero) {
    using T = decltype(zero);
    const math::ClipScale<T> clipped = math::clip_scale<T>(coefficient);
    T* values = elements<T>(gradient);
    parallel_simd_for(gradient.numel, [=](std::int64_t i) { values[i] = clipped(values[i]); });
  });
}

void run(const FindNonfinite& arguments) {
  bool found = false;
  for (std::int64_t i = 0; i < arguments.count && !found; ++i)
    found = is_nonfinite(arguments.ranges[i].gradient);
  arguments.guard->nonfinite = found ? 1 : 0;
}

void run(const ClipGradNorm& arguments) {
  double& total = *elements<double>(arguments.total);
  if (arguments.sums) {
    double sum = arguments.accumulate ? total : 0.0;
    for (int i = 0; i < arguments.count; ++i) {
      const View& x = arguments.gradients[i];
      sum += x.dtype == DType::float32 ? sum_of_squares(elements<const float>(x), x.numel)
                                       : sum_of_squares(elements<const double>(x), x.numel);
    }
    total = sum;
  }
  const double norm = math::sqrt(total);
  if (arguments.norm.data != nullptr) {
    if (arguments.norm.dtype == DType::float32)
      *elements<float>(arguments.norm) = static_cast<float>(norm);
    else
      *elements<double>(arguments.norm) = norm;
  }
  const double coefficient = math::clip_coefficient(norm, arguments.max_norm);
  if (!arguments.scales || coefficient == 1.0) return;
  for (int i = 0; i < arguments.count; ++i) scale_gradient(arguments.gradients[i], coefficient);
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
