// SPDX-License-Identifier: MIT
// cuBLAS's products of matrices, and of a matrix and a vector.
#include "tests/emulator/blas/handle.h"

#include <algorithm>

using namespace emulator;

namespace {

bool is_operation(cublasOperation_t operation) {
  return operation == CUBLAS_OP_N || operation == CUBLAS_OP_T || operation == CUBLAS_OP_C;
}

// A factor as the call describes it: column-major, to be transposed or not.
struct Factor {
  const void* data;
  cudaDataType type;
  long long ld, batch_step = 0;
};

struct Gemm {
  cublasOperation_t transa, transb;
  long long m, n, k;
  const void* alpha;
  Factor a, b;
  const void* beta;
  void* c;
  cudaDataType c_type;
  long long ldc, c_batch_step = 0, batch = 1;
};

// op(X) [rows, columns]. An empty name if the leading dimension is too small.
Matrix factor(const char* name, const Factor& x, cublasOperation_t operation, long long rows,
              long long columns) {
  const bool plain = operation == CUBLAS_OP_N;
  const long long length = plain ? rows : columns;
  if (x.ld < std::max(1ll, length)) return {};
  return {name,
          reinterpret_cast<std::uint64_t>(x.data),
          x.type,
          length,
          plain ? columns : rows,
          x.ld,
          !plain,
          x.batch_step};
}

cublasStatus_t multiply(const char* call, cublasHandle_t handle, const Gemm& g,
                        cublasComputeType_t compute) {
  return handle_entry(call, handle, [&](cublasContext& context) {
    const std::string name = call;
    if (g.m < 0 || g.n < 0 || g.k < 0 || g.batch < 0) {
      return refuse(CUBLAS_STATUS_INVALID_VALUE, name + ": a negative size");
    }
    if (!is_operation(g.transa) || !is_operation(g.transb)) {
      return refuse(CUBLAS_STATUS_INVALID_VALUE, name + ": an unknown transpose");
    }
    const Matrix a = factor("matrix A", g.a, g.transa, g.m, g.k);
    const Matrix b = factor("matrix B", g.b, g.transb, g.k, g.n);
    const Matrix c =
        factor("matrix C", {g.c, g.c_type, g.ldc, g.c_batch_step}, CUBLAS_OP_N, g.m, g.n);
    if (*a.name == 0 || *b.name == 0 || *c.name == 0) {
      return refuse(CUBLAS_STATUS_INVALID_VALUE, name + ": a leading dimension is too small");
    }
    const cudaDataType scale = scale_type(compute);
    if (g.a.type != g.b.type || !is_supported(compute, scale, g.a.type, g.c_type)) {
      return refuse(CUBLAS_STATUS_NOT_SUPPORTED, name + ": this combination of types");
    }
    if (g.m == 0 || g.n == 0 || g.batch == 0) return CUBLAS_STATUS_SUCCESS;
    if (!g.alpha || !g.beta || !g.c) {
      return refuse(CUBLAS_STATUS_INVALID_VALUE, name + ": alpha, beta or C is null");
    }
    // The math mode speaks for the calls that do not say how to compute.
    cublasComputeType_t how = compute;
    if (compute == CUBLAS_COMPUTE_32F && context.math_mode == CUBLAS_TF32_TENSOR_OP_MATH) {
      how = CUBLAS_COMPUTE_32F_FAST_TF32;
    } else if (compute == CUBLAS_COMPUTE_32F && context.math_mode == CUBLAS_TENSOR_OP_MATH) {
      how = CUBLAS_COMPUTE_32F_FAST_16F;
    }
    const bool on_device = context.pointer_mode == CUBLAS_POINTER_MODE_DEVICE;
    return enqueue({.call = name,
                    .m = g.m,
                    .n = g.n,
                    .k = g.k,
                    .batch = g.batch,
                    .a = a,
                    .b = b,
                    .c = c,
                    .d = c,
                    .is_double = scale == CUDA_R_64F,
                    .rounding = rounding_of(how, g.a.type),
                    .alpha = make_scalar(g.alpha, scale, on_device),
                    .beta = make_scalar(g.beta, scale, on_device),
                    .bias = {},
                    .auxiliary = {}},
                   context.stream);
  });
}

// y = alpha op(A) x + beta y: a product with one column.
cublasStatus_t multiply_vector(const char* call, cublasHandle_t handle, cublasOperation_t operation,
                               int m, int n, const void* alpha, const void* a, int lda,
                               const void* x, int x_step, const void* beta, void* y, int y_step,
                               cudaDataType type) {
  return handle_entry(call, handle, [&](cublasContext& context) {
    if (m < 0 || n < 0 || x_step == 0 || y_step == 0 || lda < std::max(1, m) ||
        !is_operation(operation)) {
      return refuse(CUBLAS_STATUS_INVALID_VALUE, std::string(call) + ": a size, step or transpose");
    }
    if (m == 0 || n == 0) return CUBLAS_STATUS_SUCCESS;
    if (!alpha || !beta) return CUBLAS_STATUS_INVALID_VALUE;
    const bool plain = operation == CUBLAS_OP_N, on_device = context.pointer_mode != 0;
    const int rows = plain ? m : n, inner = plain ? n : m;
    const bool tf32 = type == CUDA_R_32F && context.math_mode == CUBLAS_TF32_TENSOR_OP_MATH;
    const Matrix result = as_matrix("vector y", y, type, rows, y_step);
    return enqueue({.call = call,
                    .m = rows,
                    .n = 1,
                    .k = inner,
                    .a = factor("matrix A", {a, type, lda}, operation, rows, inner),
                    .b = as_matrix("vector x", x, type, inner, x_step),
                    .c = result,
                    .d = result,
                    .is_double = type == CUDA_R_64F,
                    .rounding = tf32 ? Rounding32::tf32 : Rounding32::none,
                    .alpha = make_scalar(alpha, type, on_device),
                    .beta = make_scalar(beta, type, on_device),
                    .bias = {},
                    .auxiliary = {}},
                   context.stream);
  });
}

}  // namespace

extern "C" {

cublasStatus_t cublasSgemm_v2(cublasHandle_t handle, cublasOperation_t transa,
                              cublasOperation_t transb, int m, int n, int k, const float* alpha,
                              const float* a, int lda, const float* b, int ldb, const float* beta,
                              float* c, int ldc) {
  return multiply("cublasSgemm", handle,
                  {transa,
                   transb,
                   m,
                   n,
                   k,
                   alpha,
                   {a, CUDA_R_32F, lda},
                   {b, CUDA_R_32F, ldb},
                   beta,
                   c,
                   CUDA_R_32F,
                   ldc},
                  CUBLAS_COMPUTE_32F);
}

cublasStatus_t cublasDgemm_v2(cublasHandle_t handle, cublasOperation_t transa,
                              cublasOperation_t transb, int m, int n, int k, const double* alpha,
                              const double* a, int lda, const double* b, int ldb,
                              const double* beta, double* c, int ldc) {
  return multiply("cublasDgemm", handle,
                  {transa,
                   transb,
                   m,
                   n,
                   k,
                   alpha,
                   {a, CUDA_R_64F, lda},
                   {b, CUDA_R_64F, ldb},
                   beta,
                   c,
                   CUDA_R_64F,
                   ldc},
                  CUBLAS_COMPUTE_64F);
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transa,
                            cublasOperation_t transb, int m, int n, int k, const void* alpha,
                            const void* a, cudaDataType a_type, int lda, const void* b,
                            cudaDataType b_type, int ldb, const void* beta, void* c,
                            cudaDataType c_type, int ldc, cublasComputeType_t compute,
                            cublasGemmAlgo_t) {
  return multiply(
      "cublasGemmEx", handle,
      {transa, transb, m, n, k, alpha, {a, a_type, lda}, {b, b_type, ldb}, beta, c, c_type, ldc},
      compute);
}

cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t handle, cublasOperation_t transa,
                                         cublasOperation_t transb, int m, int n, int k,
                                         const float* alpha, const float* a, int lda,
                                         long long a_step, const float* b, int ldb,
                                         long long b_step, const float* beta, float* c, int ldc,
                                         long long c_step, int batch) {
  return multiply("cublasSgemmStridedBatched", handle,
                  {transa,
                   transb,
                   m,
                   n,
                   k,
                   alpha,
                   {a, CUDA_R_32F, lda, a_step},
                   {b, CUDA_R_32F, ldb, b_step},
                   beta,
                   c,
                   CUDA_R_32F,
                   ldc,
                   c_step,
                   batch},
                  CUBLAS_COMPUTE_32F);
}

cublasStatus_t cublasDgemmStridedBatched(cublasHandle_t handle, cublasOperation_t transa,
                                         cublasOperation_t transb, int m, int n, int k,
                                         const double* alpha, const double* a, int lda,
                                         long long a_step, const double* b, int ldb,
                                         long long b_step, const double* beta, double* c, int ldc,
                                         long long c_step, int batch) {
  return multiply("cublasDgemmStridedBatched", handle,
                  {transa,
                   transb,
                   m,
                   n,
                   k,
                   alpha,
                   {a, CUDA_R_64F, lda, a_step},
                   {b, CUDA_R_64F, ldb, b_step},
                   beta,
                   c,
                   CUDA_R_64F,
                   ldc,
                   c_step,
                   batch},
                  CUBLAS_COMPUTE_64F);
}

cublasStatus_t cublasGemmStridedBatchedEx(
    cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
    const void* alpha, const void* a, cudaDataType a_type, int lda, long long a_step, const void* b,
    cudaDataType b_type, int ldb, long long b_step, const void* beta, void* c, cudaDataType c_type,
    int ldc, long long c_step, int batch, cublasComputeType_t compute, cublasGemmAlgo_t) {
  return multiply("cublasGemmStridedBatchedEx", handle,
                  {transa,
                   transb,
                   m,
                   n,
                   k,
                   alpha,
                   {a, a_type, lda, a_step},
                   {b, b_type, ldb, b_step},
                   beta,
                   c,
                   c_type,
                   ldc,
                   c_step,
                   batch},
                  compute);
}

cublasStatus_t cublasSgemv_v2(cublasHandle_t handle, cublasOperation_t operation, int m, int n,
                              const float* alpha, const float* a, int lda, const float* x,
                              int x_step, const float* beta, float* y, int y_step) {
  return multiply_vector("cublasSgemv", handle, operation, m, n, alpha, a, lda, x, x_step, beta, y,
                         y_step, CUDA_R_32F);
}

cublasStatus_t cublasDgemv_v2(cublasHandle_t handle, cublasOperation_t operation, int m, int n,
                              const double* alpha, const double* a, int lda, const double* x,
                              int x_step, const double* beta, double* y, int y_step) {
  return multiply_vector("cublasDgemv", handle, operation, m, n, alpha, a, lda, x, x_step, beta, y,
                         y_step, CUDA_R_64F);
}

}  // extern "C"
