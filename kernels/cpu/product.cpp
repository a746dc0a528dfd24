// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/loops.h>
#include <kindling/kernels/cpu/product_blocks.h>
#include <kindling/kernels/cpu/product_epilogue.h>
#include <kindling/kernels/cpu/product_tiles.h>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// Rows [i, i + rows), columns [j, j + columns) of one matrix of the batch.
template <class T>
void compute_block(const Product& p, std::int64_t matrix, std::int64_t i, std::int64_t rows,
                   std::int64_t j, std::int64_t columns) {
  const std::int64_t lda = p.transpose_a ? p.m : p.k;
  const std::int64_t ldb = p.transpose_b ? p.k : p.n;
  const T* a = elements<const T>(p.a) + matrix * p.stride_a + (p.transpose_a ? i : i * lda);
  const T* b = elements<const T>(p.b) + matrix * p.stride_b + (p.transpose_b ? j * ldb : j);
  T* c = elements<T>(p.c) + matrix * p.stride_c + i * p.n + j;
  if (rows > 0 && columns > 0) {
    const ProductBlock<T> block{a,   b,   c,   rows,          columns,       p.k,
                                lda, ldb, p.n, p.transpose_a, p.transpose_b, p.accumulate};
    if (!multiply_vectors(block)) multiply_tiles(block);
    apply_epilogue<T>(p, i, rows, j, columns);
  }
  if (p.row_sums.data != nullptr && j == 0)
    sum_rows(a, lda, p.transpose_a, rows, p.k, elements<T>(p.row_sums) + i, p.accumulate_row_sums);
}

template <class T>
void run(const Product& p) {
  const BlockSize block = block_size(p.m, p.n, p.k, p.transpose_a);
  const auto count = [](std::int64_t side, std::int64_t part) {
    return side > part ? (side + part - 1) / part : std::int64_t{1};
  };
  const std::int64_t down = count(p.m, block.rows);
  const std::int64_t across = count(p.n, block.columns);
  if (p.batch * down * across == 1) return compute_block<T>(p, 0, 0, p.m, 0, p.n);
  parallel_for(p.batch * down * across, [&](std::int64_t index) {
    const std::int64_t matrix = index / (down * across);
    const std::int64_t i = index / across % down * block.rows;
    const std::int64_t j = index % across * block.columns;
    compute_block<T>(p, matrix, i, smaller(block.rows, p.m - i), j,
                     smaller(block.columns, p.n - j));
  });
}

}  // namespace

void run(const Product& arguments) {
  if (arguments.c.dtype == DType::float32)
    run<float>(arguments);
  else
    run<double>(arguments);
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
