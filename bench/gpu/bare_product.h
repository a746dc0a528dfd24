// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cuda/context.h>
#include <kindling/kernels/cuda/cublas_lt.h>
#include <kindling/kindling.h>

#include "bench/gpu/stopwatch.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kindling::bench {

/// c [m, n] = op(a) [m, k] op(b) [k, n], row-major; a transposed a is stored [k, m], b [n, k].
struct ProductShape {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  bool transpose_a = false;
  bool transpose_b = false;

  double flops() const { return 2.0 * static_cast<double>(m * n) * static_cast<double>(k); }
};

/// A handle of cuBLASLt and its workspace.
class BareCublasLt {
 public:
  static constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;

  /// Without cuBLASLt on this machine it `is_there()` not, and is good for nothing.
  explicit BareCublasLt(kernels::cuda::Context& context);
  ~BareCublasLt();
  BareCublasLt(const BareCublasLt&) = delete;
  BareCublasLt& operator=(const BareCublasLt&) = delete;

  bool is_there() const { return functions_ != nullptr; }
  const kernels::cuda::CublasLt& functions() const { return *functions_; }
  cublasLtHandle_t handle() const { return handle_; }
  void* workspace() const { return workspace_; }
  kernels::cuda::Context& context() const { return context_; }

 private:
  kernels::cuda::Context& context_;
  const kernels::cuda::CublasLt* functions_;
  cublasLtHandle_t handle_ = nullptr;
  void* workspace_ = nullptr;
};

/// What a product asks of cuBLASLt beside its shape.
struct ProductOptions {
  DType dtype = DType::float32;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  std::size_t alignment = 256;  // of all operands: exactly so many bytes
  bool may_split = false;       // the inner dimension, among blocks that add up their parts
};

/// A product by cuBLASLt and nothing else, on operands of its own: what the library's is compared
/// with.
class BareProduct {
 public:
  BareProduct(const BareCublasLt& lt, const ProductShape& shape,
              const ProductOptions& options = {});
  ~BareProduct();
  BareProduct(const BareProduct&) = delete;
  BareProduct& operator=(const BareProduct&) = delete;

  /// Whether cuBLASLt has a way to compute it.
  bool is_possible() const { return !algorithms_.empty(); }
  /// Uses the fastest of the ways that cuBLASLt names, instead of the first.
  void use_fastest(const Stopwatch& stopwatch);
  /// Queues it, by the way in use. False if cuBLASLt refuses it after all.
  bool try_run() const;
  /// The same; an error if it is refused.
  void run() const;

  /// The operands, for a product of the library to be compared.
  View a() const { return view(a_, shape_.m * shape_.k); }
  View b() const { return view(b_, shape_.k * shape_.n); }
  View c() const { return view(c_, shape_.m * shape_.n); }

 private:
  void describe();
  void ask();
  Tensor operand(std::int64_t numel) const;
  View view(const Tensor& operand, std::int64_t numel) const;

  const BareCublasLt& lt_;
  ProductShape shape_;
  ProductOptions options_;
  Tensor a_, b_, c_, bias_, bits_;
  cublasLtMatmulDesc_t operation_ = nullptr;
  cublasLtMatrixLayout_t layouts_[3] = {};  // of b, a and c, in cuBLASLt's order
  std::vector<cublasLtMatmulAlgo_t> algorithms_;
  std::size_t in_use_ = 0;
};

}  // namespace kindling::bench
