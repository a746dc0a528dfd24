// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/commands.h>
#include <kindling/kernels/cuda/cublas_lt.h>

#include <cuda_runtime_api.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

namespace kindling::kernels::cuda {

class Context;

/// Large products by cuBLASLt, one call each. How it computes a product, by shape and alignment, is
/// asked once and kept. It never splits the inner dimension among blocks, and has a workspace of
/// its own: the same product has the same bits in every run.
class LtProducts {
 public:
  /// Queues the product. False where cuBLASLt has no way to compute it, is not there, or where our
  /// own kernel is the better one: nothing is queued then.
  bool run(Context& context, const Product& product);
  void release(Context& context) noexcept;

 private:
  /// The epilogue of a call.
  struct Epilogue {
    cublasLtEpilogue_t kind = CUBLASLT_EPILOGUE_DEFAULT;
    void* bias = nullptr;  // read, or the bias gradient, written
    void* mask = nullptr;  // bits, [n, m] in columns
  };

  /// What the choice of an algorithm depends on.
  using Key = std::tuple<DType, std::int64_t, std::int64_t, std::int64_t, bool, bool, std::int64_t,
                         std::int64_t, std::int64_t, std::int64_t, bool, int, unsigned>;

  /// How a product is computed.
  struct Plan {
    cublasLtMatmulDesc_t operation = nullptr;
    cublasLtMatrixLayout_t a = nullptr;
    cublasLtMatrixLayout_t b = nullptr;
    cublasLtMatrixLayout_t c = nullptr;
    cublasLtMatmulAlgo_t algorithm = {};
    bool asked = false;
    bool found = false;  // an algorithm
  };

  bool try_run(Context& context, const Product& product);
  bool start(Context& context);
  bool epilogue_of(const Product& product, Epilogue& epilogue) const;
  Plan& plan_for(const Product& product, const Epilogue& epilogue);
  void describe(const Product& product, const Epilogue& epilogue, Plan& plan) const;
  void forget(const Plan& plan) const;
  void choose(const Product& product, Plan& plan) const;

  static constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;

  std::mutex mutex_;
  const CublasLt* lt_ = nullptr;
  bool started_ = false;
  cublasLtHandle_t handle_ = nullptr;
  void* workspace_ = nullptr;
  std::map<Key, Plan> plans_;
  std::set<const void*> masks_;  // addresses at which cuBLASLt left the bits of a ReLU
};

/// The memory of the bits of an [m, n] output: a bit each, in columns of whole 128 bits.
std::size_t lt_relu_bits_bytes(std::int64_t m, std::int64_t n);

}  // namespace kindling::kernels::cuda
