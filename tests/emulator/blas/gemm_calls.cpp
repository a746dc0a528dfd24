// SPDX-License-Identifier: MIT
// cuBLAS's products of matrices, and of a matrix and a vector.
#include "tests/emulator/blas/handle.h"

#include <algorithm>

using namespace emulator;

namespace {

bool is_operation(cublasOperation_t operation) {
  return operation == CUBLAS_OP_N || operation == CUBLAS_OP_T || operation == CUBLAS_OP_C;
}

// A matrix as a call describes it: column-major.
struct Operand {
  const void* data;
  cudaDataType type;
  long long ld, batch_step = 0;
  bool listed = false;  // `data` are the addresses of the batch's matrices, in device memory
};
template <class T>
Operand each_of(const T* const* list, cudaDataType type, int ld) {
  return {list, type, ld, 0, true};
}

struct Operations {
  cublasOperation_t a, b;
};

struct Shape {
  long long m, n, k, batch = 1;
};

bool has_ld(const Operand& x, cublasOperation_t operation, long long rows, long long columns) {
  return x.ld >= std::max(1ll, operation == CUBLAS_OP_N ? rows : columns);
}

// op(X) [rows, columns].
Matrix applied(const char* name, const Operand& x, cublasOperation_t operation, long long rows,
               long long columns) {
  const bool as_is = operation == CUBLAS_OP_N;
  Matrix result = column_major(name, x.data, x.type, as_is ? rows : columns, as_is ? columns : rows,
                               x.ld, x.batch_step);
  result.listed = x.listed;
  return as_is ? result : result.transposed();
}

// The math mode speaks for the calls that do not say how to compute.
cublasComputeType_t with_mode(cublasComputeType_t compute, cublasMath_t mode) {
  if (compute != CUBLAS_COMPUTE_32F) return compute;
  const int way = mode & ~CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
  if (way == CUBLAS_TF32_TENSOR_OP_MATH) return CUBLAS_COMPUTE_32F_FAST_TF32;
  return way == CUBLAS_TENSOR_OP_MATH ? CUBLAS_COMPUTE_32F_FAST_16F : compute;
}

// C = alpha A B + beta C, once the arguments are known to be right.
cublasStatus_t start(const char* call, const cublasContext& context, cublasComputeType_t compute,
                     const Shape& shape, const void* alpha, const Matrix& a, const Matrix& b,
                     const void* beta, const Matrix& c) {
  if (shape.m == 0 || shape.n == 0 || shape.batch == 0) return CUBLAS_STATUS_SUCCESS;
  if (!alpha || !beta || c.address == 0) {
    return invalid(std::string(call) + ": alpha, beta or the result is null");
  }
  const cudaDataType scale = scale_type(compute);
  const bool on_device = context.pointer_mode == CUBLAS_POINTER_MODE_DEVICE;
  Product product;
  product.call = call;
  product.m = shape.m;
  product.n = shape.n;
  product.k = shape.k;
  product.batch = shape.batch;
  product.a = a;
  product.b = b;
  product.c = product.d = c;
  product.is_double = scale == CUDA_R_64F;
  product.rounding = rounding_of(with_mode(compute, context.math_mode), a.type);
  product.alpha = make_scalar(alpha, scale, on_device);
  product.beta = make_scalar(beta, scale, on_device);
  return enqueue(std::move(product), context.stream);
}

cublasStatus_t multiply(const char* call, cublasHandle_t handle, cublasComputeType_t compute,
                        const Operations& op, const Shape& shape, const void* alpha,
                        const Operand& a, const Operand& b, const void* beta, const Operand& c) {
  return handle_entry(call, handle, [&](cublasContext& context) {
    const std::string name = call;
    const auto [m, n, k, batch] = shape;
    if (m < 0 || n < 0 || k < 0 || batch < 0) return invalid(name + ": a negative size");
    if (!is_operation(op.a) || !is_operation(op.b)) return invalid(name + ": a transpose");
    if (!has_ld(a, op.a, m, k) || !has_ld(b, op.b, k, n) || !has_ld(c, CUBLAS_OP_N, m, n)) {
      return invalid(name + ": a leading dimension is too small");
    }
    if (a.type != b.type || !is_supported(compute, scale_type(compute), a.type, c.type)) {
      return unsupported_types(name, compute, a.type, c.type);
    }
    return start(call, context, compute, shape, alpha, applied("matrix A", a, op.a, m, k),
                 applied("matrix B", b, op.b, k, n), beta,
                 applied("matrix C", c, CUBLAS_OP_N, m, n));
  });
}

// y = alpha op(A) x + beta y: a product with one column.
template <class T>
cublasStatus_t multiply_vector(const char* call, cublasHandle_t handle, cublasOperation_t operation,
                               int m, int n, const T* alpha, const T* a, int lda, const T* x,
                               int x_step, const T* beta, T* y, int y_step) {
  constexpr bool kDouble = sizeof(T) == 8;
  constexpr cudaDataType kType = kDouble ? CUDA_R_64F : CUDA_R_32F;
  return handle_entry(call, handle, [&](cublasContext& context) {
    if (m < 0 || n < 0 || x_step == 0 || y_step == 0 || lda < std::max(1, m) ||
        !is_operation(operation)) {
      return invalid(std::string(call) + ": a size, step or transpose");
    }
    if (m == 0 || n == 0) return CUBLAS_STATUS_SUCCESS;
    const int rows = operation == CUBLAS_OP_N ? m : n, inner = operation == CUBLAS_OP_N ? n : m;
    return start(call, context, kDouble ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F, {rows, 1, inner},
                 alpha, applied("matrix A", {a, kType, lda}, operation, rows, inner),
                 as_matrix("vector x", x, kType, inner, x_step), beta,
                 as_matrix("vector y", y, kType, rows, y_step));
  });
}

}  // namespace

extern "C" {

cublasStatus_t cublasSgemm_v2(cublasHandle_t handle, cublasOperation_t transa,
                              cublasOperation_t transb, int m, int n, int k, const float* alpha,
                              const float* a, int lda, const float* b, int ldb, const float* beta,
                              float* c, int ldc) {
  return multiply("cublasSgemm", handle, CUBLAS_COMPUTE_32F, {transa, transb}, {m, n, k}, alpha,
                  {a, CUDA_R_32F, lda}, {b, CUDA_R_32F, ldb}, beta, {c, CUDA_R_32F, ldc});
}

cublasStatus_t cublasDgemm_v2(cublasHandle_t handle, cublasOperation_t transa,
                              cublasOperation_t transb, int m, int n, int k, const double* alpha,
                              const double* a, int lda, const double* b, int ldb,
                              const double* beta, double* c, int ldc) {
  return multiply("cublasDgemm", handle, CUBLAS_COMPUTE_64F, {transa, transb}, {m, n, k}, alpha,
                  {a, CUDA_R_64F, lda}, {b, CUDA_R_64F, ldb}, beta, {c, CUDA_R_64F, ldc});
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transa,
                            cublasOperation_t transb, int m, int n, int k, const void* alpha,
                            const void* a, cudaDataType a_type, int lda, const void* b,
                            cudaDataType b_type, int ldb, const void* beta, void* c,
                            cudaDataType c_type, int ldc, cublasComputeType_t compute,
                            cublasGemmAlgo_t) {
  return multiply("cublasGemmEx", handle, compute, {transa, transb}, {m, n, k}, alpha,
                  {a, a_type, lda}, {b, b_type, ldb}, beta, {c, c_type, ldc});
}

cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t handle, cublasOperation_t transa,
                                         cublasOperation_t transb, int m, int n, int k,
                                         const float* alpha, const float* a, int lda,
                                         long long a_step, const float* b, int ldb,
                                         long long b_step, const float* beta, float* c, int ldc,
                                         long long c_step, int batch) {
  return multiply("cublasSgemmStridedBatched", handle, CUBLAS_COMPUTE_32F, {transa, transb},
                  {m, n, k, batch}, alpha, {a, CUDA_R_32F, lda, a_step},
                  {b, CUDA_R_32F, ldb, b_step}, beta, {c, CUDA_R_32F, ldc, c_step});
}

cublasStatus_t cublasDgemmStridedBatched(cublasHandle_t handle, cublasOperation_t transa,
                                         cublasOperation_t transb, int m, int n, int k,
                                         const double* alpha, const double* a, int lda,
                                         long long a_step, const double* b, int ldb,
                                         long long b_step, const double* beta, double* c, int ldc,
                                         long long c_step, int batch) {
  return multiply("cublasDgemmStridedBatched", handle, CUBLAS_COMPUTE_64F, {transa, transb},
                  {m, n, k, batch}, alpha, {a, CUDA_R_64F, lda, a_step},
                  {b, CUDA_R_64F, ldb, b_step}, beta, {c, CUDA_R_64F, ldc, c_step});
}

cublasStatus_t cublasGemmStridedBatchedEx(
    cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
    const void* alpha, const void* a, cudaDataType a_type, int lda, long long a_step, const void* b,
    cudaDataType b_type, int ldb, long long b_step, const void* beta, void* c, cudaDataType c_type,
    int ldc, long long c_step, int batch, cublasComputeType_t compute, cublasGemmAlgo_t) {
  return multiply("cublasGemmStridedBatchedEx", handle, compute, {transa, transb}, {m, n, k, batch},
                  alpha, {a, a_type, lda, a_step}, {b, b_type, ldb, b_step}, beta,
                  {c, c_type, ldc, c_step});
}

cublasStatus_t cublasSgemmBatched(cublasHandle_t handle, cublasOperation_t transa,
                                  cublasOperation_t transb, int m, int n, int k, const float* alpha,
                                  const float* const a[], int lda, const float* const b[], int ldb,
                                  const float* beta, float* const c[], int ldc, int batch) {
  return multiply("cublasSgemmBatched", handle, CUBLAS_COMPUTE_32F, {transa, transb},
                  {m, n, k, batch}, alpha, each_of(a, CUDA_R_32F, lda), each_of(b, CUDA_R_32F, ldb),
                  beta, each_of(c, CUDA_R_32F, ldc));
}

cublasStatus_t cublasDgemmBatched(cublasHandle_t handle, cublasOperation_t transa,
                                  cublasOperation_t transb, int m, int n, int k,
                                  const double* alpha, const double* const a[], int lda,
                                  const double* const b[], int ldb, const double* beta,
                                  double* const c[], int ldc, int batch) {
  return multiply("cublasDgemmBatched", handle, CUBLAS_COMPUTE_64F, {transa, transb},
                  {m, n, k, batch}, alpha, each_of(a, CUDA_R_64F, lda), each_of(b, CUDA_R_64F, ldb),
                  beta, each_of(c, CUDA_R_64F, ldc));
}

cublasStatus_t cublasGemmBatchedEx(cublasHandle_t handle, cublasOperation_t transa,
                                   cublasOperation_t transb, int m, int n, int k, const void* alpha,
                                   const void* const a[], cudaDataType a_type, int lda,
                                   const void* const b[], cudaDataType b_type, int ldb,
                                   const void* beta, void* const c[], cudaDataType c_type, int ldc,
                                   int batch, cublasComputeType_t compute, cublasGemmAlgo_t) {
  return multiply("cublasGemmBatchedEx", handle, compute, {transa, transb}, {m, n, k, batch}, alpha,
                  each_of(a, a_type, lda), each_of(b, b_type, ldb), beta, each_of(c, c_type, ldc));
}

cublasStatus_t cublasSgemv_v2(cublasHandle_t handle, cublasOperation_t operation, int m, int n,
                              const float* alpha, const float* a, int lda, const float* x,
                              int x_step, const float* beta, float* y, int y_step) {
  return multiply_vector("cublasSgemv", handle, operation, m, n, alpha, a, lda, x, x_step, beta, y,
                         y_step);
}

cublasStatus_t cublasDgemv_v2(cublasHandle_t handle, cublasOperation_t operation, int m, int n,
                              const double* alpha, const double* a, int lda, const double* x,
                              int x_step, const double* beta, double* y, int y_step) {
  return multiply_vector("cublasDgemv", handle, operation, m, n, alpha, a, lda, x, x_step, beta, y,
                         y_step);
}

}  // extern "C"
