// SPDX-License-Identifier: MIT
// cuBLAS: products of matrices, and of a matrix and a vector.
// case gemm: clean
// case gemm_types: clean
// case batched: clean
// case batched_types: clean
// case listed: clean
// case rules: clean
// case gemv: clean
// case scalars_on_device: clean
#include "tests/emulator/tests/features/blas.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace {

struct Handle {
  Handle() { check(cublasCreate(&value)); }
  ~Handle() { check(cublasDestroy(value)); }
  cublasHandle_t value = nullptr;
};

template <class T, class Multiply>
void gemm_forms(Multiply multiply) {
  Handle handle;
  const int m = 37, n = 11, k = 300, lda = 41, ldb = 305, ldc = 40;
  for (int form = 0; form < 4; ++form) {
    const bool ta = form & 1, tb = form & 2;
    const int a_ld = ta ? ldb : lda, b_ld = tb ? lda : ldb;
    const auto a = numbers<T>(static_cast<std::size_t>(a_ld * (ta ? m : k)), 1);
    const auto b = numbers<T>(static_cast<std::size_t>(b_ld * (tb ? k : n)), 2);
    const auto c = numbers<T>(static_cast<std::size_t>(ldc * n), 3);
    T *da = device(a), *db = device(b), *dc = device(c);
    const T alpha = 0.5, beta = -2;
    check(multiply(handle.value, ta ? CUBLAS_OP_T : CUBLAS_OP_N, tb ? CUBLAS_OP_T : CUBLAS_OP_N, m,
                   n, k, &alpha, da, a_ld, db, b_ld, &beta, dc, ldc));
    const auto got = take(dc, c.size());
    for (int j = 0; j < n; ++j) {
      for (int i = 0; i < m; ++i) {
        double sum = 0;
        for (int l = 0; l < k; ++l) sum += at(a, a_ld, ta, i, l) * at(b, b_ld, tb, l, j);
        near(got[static_cast<std::size_t>(i + j * ldc)], 0.5 * sum - 2 * at(c, ldc, false, i, j), 0,
             "gemm");
      }
      require(
          got[static_cast<std::size_t>(m + j * ldc)] == c[static_cast<std::size_t>(m + j * ldc)],
          "rows below the matrix");
    }
    check(cudaFree(da));
    check(cudaFree(db));
  }
}

void gemm() {
  Handle handle;
  gemm_forms<float>(cublasSgemm);
  gemm_forms<double>(cublasDgemm);
  // beta = 0 does not read C: it is not initialised here.
  float* c = nullptr;
  check(cudaMalloc(&c, sizeof(float)));
  float *a = filled<float>(3), *b = filled<float>(4);
  const float one = 1, zero = 0;
  check(
      cublasSgemm(handle.value, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, a, 1, b, 1, &zero, c, 1));
  require(take(c, 1)[0] == 12, "beta 0");
  check(cudaFree(a));
  check(cudaFree(b));
}

// a b of one element, in the types and with the way to compute given.
template <class T, class R>
R one(cublasHandle_t handle, float x, float y, cudaDataType factors, cudaDataType result,
      cublasComputeType_t compute) {
  T *a = filled<T>(static_cast<T>(x)), *b = filled<T>(static_cast<T>(y));
  R* c = device<R>(1);
  const double alpha64 = 1, beta64 = 0;
  const float alpha = 1, beta = 0;
  const __half alpha16 = __float2half(1), beta16 = __float2half(0);
  const void* p = &alpha;
  const void* q = &beta;
  if (compute == CUBLAS_COMPUTE_64F) p = &alpha64, q = &beta64;
  if (compute == CUBLAS_COMPUTE_16F) p = &alpha16, q = &beta16;
  check(cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, p, a, factors, 1, b, factors, 1, q,
                     c, result, 1, compute, CUBLAS_GEMM_DEFAULT));
  check(cudaFree(a));
  check(cudaFree(b));
  return take(c, 1)[0];
}

void gemm_types() {
  Handle handle;
  const auto h = handle.value;
  const float x = 1 + 1.0f / 2048;  // a tie of tf32's and half's 10 fraction bits
  require(one<float, float>(h, x, 1, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F) == x, "float");
  require(one<float, float>(h, x, 1, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32) ==
              1 + 1.0f / 1024,
          "tf32 rounds ties away from zero");
  require(one<float, float>(h, -x, 1, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32) ==
              -1 - 1.0f / 1024,
          "tf32 rounds ties away from zero");
  require(one<float, float>(h, x, 1, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_16F) == 1,
          "half rounds ties to even");
  require(one<float, float>(h, 1 + 3.0f / 256, 1, CUDA_R_32F, CUDA_R_32F,
                            CUBLAS_COMPUTE_32F_FAST_16BF) == 1 + 4.0f / 256,
          "bfloat16");
  require(one<double, double>(h, 3, 0.1f, CUDA_R_64F, CUDA_R_64F, CUBLAS_COMPUTE_64F) ==
              3.0 * static_cast<double>(0.1f),
          "double");
  near(one<__half, __half>(h, 3, 7, CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_32F), 21, 0, "half");
  near(one<__half, __half>(h, 3, 7, CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_16F), 21, 0, "half 16");
  near(one<__half, float>(h, 2049.f / 2048, 7, CUDA_R_16F, CUDA_R_32F, CUBLAS_COMPUTE_32F), 7, 0,
       "half to float");
  near(one<__nv_bfloat16, __nv_bfloat16>(h, 1, 257, CUDA_R_16BF, CUDA_R_16BF, CUBLAS_COMPUTE_32F),
       256, 0, "bfloat16");
  check(cublasSetMathMode(
      h, static_cast<cublasMath_t>(CUBLAS_TF32_TENSOR_OP_MATH |
                                   CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION)));
  require(one<float, float>(h, x, 1, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F) == 1 + 1.0f / 1024,
          "the math mode");
  check(cublasSetMathMode(h, CUBLAS_DEFAULT_MATH));
  // Sums are in float32 and rounded once, to nearest even.
  near(one<__half, __half>(h, 2049, 1, CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_32F), 2048, 0, "tie");
  require(std::isinf(static_cast<float>(
              one<__half, __half>(h, 300, 300, CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_32F))),
          "overflow");
  near(one<__nv_bfloat16, float>(h, 257, 3, CUDA_R_16BF, CUDA_R_32F, CUBLAS_COMPUTE_32F), 768, 0,
       "bfloat16 to float");
  require(std::isnan(
              one<float, float>(h, NAN, 1, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32)),
          "NaN");
  float* a = filled<float>(1);
  const float s = 1;
  require(cublasGemmEx(h, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &s, a, CUDA_R_16F, 1, a, CUDA_R_16F, 1,
                       &s, a, CUDA_R_16BF, 1, CUBLAS_COMPUTE_32F,
                       CUBLAS_GEMM_DEFAULT) == CUBLAS_STATUS_NOT_SUPPORTED,
          "mixed types");
  check(cudaFree(a));
}

void batched() {
  Handle handle;
  const int m = 3, n = 4, k = 5, count = 6;
  const auto a = numbers<float>(m * k * count, 4), b = numbers<float>(k * n, 5);
  float *da = device(a), *db = device(b), *dc = device<float>(m * n * count);
  const float alpha = 1, beta = 0;
  check(cublasSgemmStridedBatched(handle.value, CUBLAS_OP_N, CUBLAS_OP_N, m, n, k, &alpha, da, m,
                                  m * k, db, k, 0, &beta, dc, m, m * n, count));
  const auto c = take(dc, m * n * count);
  for (int item = 0; item < count; ++item) {
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < n; ++j) {
        double sum = 0;
        for (int l = 0; l < k; ++l) sum += at(a, m, false, i, l + item * k) * at(b, k, false, l, j);
        near(c[static_cast<std::size_t>(i + m * j + m * n * item)], sum, 0, "batched");
      }
    }
  }
  check(cudaFree(da));
  check(cudaFree(db));
}

// Two products in the other types, whose results lie apart.
void batched_types() {
  Handle handle;
  double *a = filled<double>(2, 3), *b = filled<double>(5, 7), *c = filled<double>(0, -1, 0);
  const double alpha = 1, beta = 0;
  check(cublasDgemmStridedBatched(handle.value, CUBLAS_OP_N, CUBLAS_OP_T, 1, 1, 1, &alpha, a, 1, 1,
                                  b, 1, 1, &beta, c, 1, 2, 2));
  require(take(c, 3) == std::vector<double>({10, -1, 21}), "double");
  __half *x = filled<__half>(2.f, 3.f), *y = filled<__half>(5.f, 7.f);
  float* z = filled<float>(0, -1, 0);
  const float one = 1, zero = 0;
  check(cublasGemmStridedBatchedEx(handle.value, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, x,
                                   CUDA_R_16F, 1, 1, y, CUDA_R_16F, 1, 1, &zero, z, CUDA_R_32F, 1,
                                   2, 2, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
  require(take(z, 3) == std::vector<float>({10, -1, 21}), "half");
  for (void* memory : std::initializer_list<void*>{a, b, x, y}) check(cudaFree(memory));
}

// Two products of matrices that lists in device memory name, in every type.
void listed() {
  Handle handle;
  const auto kN = CUBLAS_OP_N, kT = CUBLAS_OP_T;
  float *a = filled<float>(1, 2), *b = filled<float>(3, 4, 5, 6), *c = filled<float>(0, -1, 7);
  float **as = filled<float*>(a, a), **bs = filled<float*>(b + 2, b),
        **cs = filled<float*>(c + 2, c);
  const float one = 1, two = 2, zero = 0;
  // (1, 2) times (5, 6) and (3, 4), the first one added to twice what is there.
  check(cublasSgemmBatched(handle.value, kT, kN, 1, 1, 2, &one, as, 2, bs, 2, &two, cs, 1, 2));
  check(cublasGemmBatchedEx(handle.value, kT, kN, 1, 1, 2, &one, reinterpret_cast<void**>(as),
                            CUDA_R_32F, 2, reinterpret_cast<void**>(bs), CUDA_R_32F, 2, &one,
                            reinterpret_cast<void**>(cs), CUDA_R_32F, 1, 1, CUBLAS_COMPUTE_32F,
                            CUBLAS_GEMM_DEFAULT));
  require(take(c, 3) == std::vector<float>({11, -1, 17 + 14 + 17}), "float");
  require(cublasSgemmBatched(handle.value, kT, kN, 1, 1, 2, &one, as, 2, bs, 2, &zero, nullptr, 1,
                             2) == CUBLAS_STATUS_INVALID_VALUE,
          "no list");
  double *x = filled<double>(2, 3), *y = filled<double>(0, 0);
  double **xs = filled<double*>(x, x + 1), **ys = filled<double*>(y, y + 1);
  const double alpha = 10, beta = 0;
  check(cublasDgemmBatched(handle.value, kN, kN, 1, 1, 1, &alpha, xs, 1, xs, 1, &beta, ys, 1, 2));
  require(take(y, 2) == std::vector<double>({40, 90}), "double");
  for (void* memory : std::initializer_list<void*>{a, b, x, as, bs, cs, xs, ys}) {
    check(cudaFree(memory));
  }
}

// What the documentation calls invalid, one argument at a time.
void rules() {
  Handle handle;
  const auto h = handle.value;
  const auto kN = CUBLAS_OP_N, kT = CUBLAS_OP_T;
  const auto kInvalid = CUBLAS_STATUS_INVALID_VALUE;
  float *p = device<float>(64), *q = device<float>(64);
  const float one = 1, zero = 0;
  const auto gemm = [&](cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k, int lda,
                        int ldb, int ldc) {
    return cublasSgemm(h, ta, tb, m, n, k, &one, p, lda, p, ldb, &zero, q, ldc);
  };
  check(gemm(kN, kN, 2, 3, 4, 2, 4, 2));
  check(gemm(kT, kT, 2, 3, 4, 4, 3, 2));
  check(gemm(kN, kN, 0, 3, 4, 1, 4, 1));
  require(gemm(kN, kN, -2, 3, 4, 2, 4, 2) == kInvalid, "m");
  require(gemm(kN, kN, 2, -3, 4, 2, 4, 2) == kInvalid, "n");
  require(gemm(kN, kN, 2, 3, -4, 2, 4, 2) == kInvalid, "k");
  require(gemm(static_cast<cublasOperation_t>(9), kN, 2, 3, 4, 2, 4, 2) == kInvalid, "operation");
  require(gemm(kN, kN, 2, 3, 4, 1, 4, 2) == kInvalid, "lda");
  require(gemm(kT, kN, 2, 3, 4, 3, 4, 2) == kInvalid, "lda of a transpose");
  require(gemm(kN, kN, 2, 3, 4, 2, 3, 2) == kInvalid, "ldb");
  require(gemm(kN, kT, 2, 3, 4, 2, 2, 2) == kInvalid, "ldb of a transpose");
  require(gemm(kN, kN, 2, 3, 4, 2, 4, 1) == kInvalid, "ldc");
  const auto scaled = [&](const float* alpha, const float* beta, float* c) {
    return cublasSgemm(h, kN, kN, 1, 1, 1, alpha, p, 1, p, 1, beta, c, 1);
  };
  require(scaled(nullptr, &zero, q) == kInvalid && scaled(&one, nullptr, q) == kInvalid &&
              scaled(&one, &zero, nullptr) == kInvalid,
          "null");
  require(cublasSgemmStridedBatched(h, kN, kN, 1, 1, 1, &one, p, 1, 1, p, 1, 1, &zero, q, 1, 1,
                                    -1) == kInvalid,
          "batch");
  const auto gemv = [&](int m, int n, int lda, int x_step, int y_step) {
    return cublasSgemv(h, kN, m, n, &one, p, lda, p, x_step, &zero, q, y_step);
  };
  check(gemv(2, 3, 2, 1, -1));
  require(gemv(-2, 3, 2, 1, 1) == kInvalid && gemv(2, -3, 2, 1, 1) == kInvalid &&
              gemv(2, 3, 1, 1, 1) == kInvalid && gemv(2, 3, 2, 0, 1) == kInvalid &&
              gemv(2, 3, 2, 1, 0) == kInvalid,
          "gemv");
  require(cublasSetWorkspace(h, reinterpret_cast<char*>(p) + 16, 32) == kInvalid, "workspace");
  check(cublasSetWorkspace(h, p, 256));
  require(cublasSetPointerMode(h, static_cast<cublasPointerMode_t>(7)) == kInvalid, "pointers");
  require(cublasSetMathMode(h, static_cast<cublasMath_t>(64)) == kInvalid, "mode");
  cublasPointerMode_t mode;
  check(cublasGetPointerMode(h, &mode));
  require(mode == CUBLAS_POINTER_MODE_HOST, "is as it was");
  require(cublasDestroy(nullptr) == CUBLAS_STATUS_NOT_INITIALIZED &&
              cublasSgemm(nullptr, kN, kN, 1, 1, 1, &one, p, 1, p, 1, &zero, q, 1) ==
                  CUBLAS_STATUS_NOT_INITIALIZED,
          "no handle");
  check(cudaFree(p));
  check(cudaFree(q));
}

void gemv() {
  Handle handle;
  // A [2, 3]; x every second element; y from its end.
  double *a = filled<double>(1, 2, 3, 4, 5, 6), *x = filled<double>(1, 9, 2, 9, 3),
         *y = filled<double>(10, 20);
  const double alpha = 2, beta = 1;
  check(cublasDgemv(handle.value, CUBLAS_OP_N, 2, 3, &alpha, a, 2, x, 2, &beta, y, -1));
  const auto got = take(y, 2);
  require(got[1] == 2 * 22 + 20 && got[0] == 2 * 28 + 10, "gemv with a negative step");
  for (double* memory : {a, x}) check(cudaFree(memory));
  // A transposed [3, 2].
  float *b = filled<float>(1, 2, 3, 4, 5, 6), *p = filled<float>(1, -1),
        *q = filled<float>(0, 0, 0);
  const float one = 1, zero = 0;
  check(cublasSgemv(handle.value, CUBLAS_OP_T, 2, 3, &one, b, 2, p, 1, &zero, q, 1));
  require(take(q, 3) == std::vector<float>({-1, -1, -1}), "gemv of a transpose");
  for (float* memory : {b, p}) check(cudaFree(memory));
}

void scalars_on_device() {
  Handle handle;
  float *a = filled<float>(3), *b = filled<float>(4), *c = filled<float>(5),
        *scalars = filled<float>(2, 10);
  check(cublasSetPointerMode(handle.value, CUBLAS_POINTER_MODE_DEVICE));
  check(cublasSgemm(handle.value, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, scalars, a, 1, b, 1,
                    scalars + 1, c, 1));
  require(take(c, 1)[0] == 74, "scalars on the device");
  check(cudaFree(scalars));
  check(cudaFree(a));
  check(cudaFree(b));
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"gemm", gemm},
                   {"gemm_types", gemm_types},
                   {"batched", batched},
                   {"batched_types", batched_types},
                   {"listed", listed},
                   {"rules", rules},
                   {"gemv", gemv},
                   {"scalars_on_device", scalars_on_device}});
}
