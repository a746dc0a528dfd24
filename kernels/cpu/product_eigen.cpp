// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/product_eigen.h>
#include <kindling/kernels/cpu/product_tiles.h>

// Eigen's templates must not merge with those of another level, or with the user's own: so the
// namespace is renamed.
#define KINDLING_JOIN_NAMES(a, b) a##b
#define KINDLING_JOIN(a, b) KINDLING_JOIN_NAMES(a, b)
#define Eigen KINDLING_JOIN(Eigen_, KINDLING_ISA)
#define EIGEN_DONT_PARALLELIZE
// g++ takes _mm512_undefined_pd() for a mistake of ours.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <Eigen/Core>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Map = Eigen::Map<Matrix<T>, Eigen::Unaligned, Eigen::OuterStride<>>;
template <class T>
using ConstMap = Eigen::Map<const Matrix<T>, Eigen::Unaligned, Eigen::OuterStride<>>;

template <class T>
void multiply(const ProductBlock<T>& block) {
  const auto& [a, b, c, m, n, k, lda, ldb, ldc, transpose_a, transpose_b, accumulate] = block;
  if (transpose_a && transpose_b) return multiply_tiles(block);  // rare: not worth its code
  Map<T> product(c, m, n, Eigen::OuterStride<>(ldc));
  const ConstMap<T> left(a, transpose_a ? k : m, transpose_a ? m : k, Eigen::OuterStride<>(lda));
  const ConstMap<T> right(b, transpose_b ? n : k, transpose_b ? k : n, Eigen::OuterStride<>(ldb));
  if (!accumulate) product.setZero();
  if (transpose_a)
    product.noalias() += left.transpose() * right;
  else if (transpose_b)
    product.noalias() += left * right.transpose();
  else
    product.noalias() += left * right;
}

}  // namespace

void multiply_eigen(const ProductBlock<float>& block) { multiply(block); }
void multiply_eigen(const ProductBlock<double>& block) { multiply(block); }

}  // namespace kindling::kernels::cpu::KINDLING_ISA
