// SPDX-License-Identifier: MIT
// case gemm: clean
// case gemm_types: clean
// case batched: clean
// case vectors: clean
// case scalars_on_device: clean
// case matmul_layouts: clean
// case matmul_epilogues: clean
// case matmul_batches: clean
// case matmul_rules: clean
// case matmul_algorithms: clean
// case captured: clean
// case failing: clean with --fail cublasLtMatmul:2
// case refused: clean with --refuse RELU_AUX_BIAS --refuse BGRADB
#include "tests/emulator/tests/case.h"

#include <cublasLt.h>
#include <cublas_v2.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <dlfcn.h>

#include <cmath>
#include <cstdint>

namespace {

void check(cublasStatus_t status) {
  require(status == CUBLAS_STATUS_SUCCESS, cublasGetStatusString(status));
}

// Small whole numbers and quarters: exact in every type, and so are their sums of products.
template <class T>
std::vector<T> numbers(std::size_t count, unsigned seed) {
  std::vector<T> result;
  for (std::size_t i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    result.push_back(static_cast<T>(static_cast<float>(static_cast<int>(seed >> 24) % 17 - 8) / 4));
  }
  return result;
}

template <class T>
double number(T value) {
  return static_cast<double>(static_cast<float>(value));
}
template <>
double number(double value) {
  return value;
}

// Device memory with the values.
template <class T, class... Values>
T* filled(Values... values) {
  return device(std::vector<T>{static_cast<T>(values)...});
}

// op(X)(i, j) of a column-major matrix.
template <class T>
double at(const std::vector<T>& x, int ld, bool transposed, int i, int j) {
  return number(x[static_cast<std::size_t>(transposed ? j + i * ld : i + j * ld)]);
}

struct Handle {
  Handle() { check(cublasCreate(&value)); }
  ~Handle() { check(cublasDestroy(value)); }
  cublasHandle_t value = nullptr;
};

template <class T>
void near(T value, double wanted, double error, const char* what) {
  require(std::fabs(number(value) - wanted) <= error, what);
}

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
  require(cublasSgemm(handle.value, CUBLAS_OP_N, CUBLAS_OP_N, 2, 1, 1, &one, a, 1, b, 1, &zero, a,
                      2) == CUBLAS_STATUS_INVALID_VALUE,
          "leading dimension");
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
  check(cublasSetMathMode(h, CUBLAS_TF32_TENSOR_OP_MATH));
  require(one<float, float>(h, x, 1, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F) == 1 + 1.0f / 1024,
          "the math mode");
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

void vectors() {
  Handle handle;
  const auto h = handle.value;
  // A [2, 3]; x every second element; y from its end.
  double *a = filled<double>(1, 2, 3, 4, 5, 6), *x = filled<double>(1, 9, 2, 9, 3),
         *y = filled<double>(10, 20);
  const double alpha = 2, beta = 1;
  check(cublasDgemv(h, CUBLAS_OP_N, 2, 3, &alpha, a, 2, x, 2, &beta, y, -1));
  const auto got = take(y, 2);
  require(got[1] == 2 * 22 + 20 && got[0] == 2 * 28 + 10, "gemv with a negative step");
  float *p = filled<float>(1, -2, 3), *q = filled<float>(4, 5, 6);
  float result = 0;
  check(cublasSdot(h, 3, p, 1, q, -1, &result));
  require(result == 6 - 10 + 12, "dot");
  check(cublasSasum(h, 3, p, 1, &result));
  require(result == 6, "asum");
  check(cublasSnrm2(h, 2, q, 2, &result));
  near(result, std::sqrt(52.0), 1e-6, "nrm2");
  const float two = 2;
  check(cublasSaxpy(h, 3, &two, p, 1, q, 1));
  check(cublasSscal(h, 2, &two, q, 2));
  require(take(q, 3) == std::vector<float>({12, 1, 24}), "axpy and scal");
  check(cudaFree(a));
  check(cudaFree(x));
  check(cudaFree(p));
}

void scalars_on_device() {
  Handle handle;
  float *a = filled<float>(3), *b = filled<float>(4), *c = filled<float>(5),
        *scalars = filled<float>(2, 10);
  check(cublasSetPointerMode(handle.value, CUBLAS_POINTER_MODE_DEVICE));
  check(cublasSgemm(handle.value, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, scalars, a, 1, b, 1,
                    scalars + 1, c, 1));
  check(cublasSdot(handle.value, 1, a, 1, b, 1, scalars));
  require(take(c, 1)[0] == 74 && take(scalars, 1)[0] == 12, "scalars on the device");
  check(cudaFree(a));
  check(cudaFree(b));
}

// A product of cuBLASLt; everything of type float unless changed.
struct Lt {
  Lt(cublasComputeType_t compute = CUBLAS_COMPUTE_32F, cudaDataType scale = CUDA_R_32F) {
    check(cublasLtCreate(&handle));
    check(cublasLtMatmulDescCreate(&how, compute, scale));
    check(cublasLtMatmulPreferenceCreate(&preference));
  }
  ~Lt() {
    for (auto layout : {a, b, c, d}) check(cublasLtMatrixLayoutDestroy(layout));
    check(cublasLtMatmulPreferenceDestroy(preference));
    check(cublasLtMatmulDescDestroy(how));
    check(cublasLtDestroy(handle));
  }
  void shape(int m, int n, int k, cudaDataType type = CUDA_R_32F) {
    check(cublasLtMatrixLayoutCreate(&a, type, m, k, m));
    check(cublasLtMatrixLayoutCreate(&b, type, k, n, k));
    check(cublasLtMatrixLayoutCreate(&c, type, m, n, m));
    check(cublasLtMatrixLayoutCreate(&d, type, m, n, m));
  }
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, T value) {
    check(cublasLtMatmulDescSetAttribute(how, attribute, &value, sizeof value));
  }
  template <class T>
  static void set(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t attribute,
                  T value) {
    check(cublasLtMatrixLayoutSetAttribute(layout, attribute, &value, sizeof value));
  }
  template <class T>
  void prefer(cublasLtMatmulPreferenceAttributes_t attribute, T value) {
    check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value));
  }
  void epilogue(cublasLtEpilogue_t value, void* bias = nullptr, void* auxiliary = nullptr,
                std::int64_t ld = 0) {
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, value);
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, auxiliary);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, ld);
  }
  cublasStatus_t find() {
    const cublasStatus_t status =
        cublasLtMatmulAlgoGetHeuristic(handle, how, a, b, c, d, preference, 4, found, &count);
    require(status == CUBLAS_STATUS_SUCCESS || count == 0, "results of a refused heuristic");
    return status;
  }
  cublasStatus_t run(const void* pa, const void* pb, const void* pc, void* pd, float alpha = 1,
                     float beta = 0, void* workspace = nullptr, std::size_t bytes = 0,
                     cudaStream_t stream = nullptr) {
    const cublasStatus_t status = find();
    if (status != CUBLAS_STATUS_SUCCESS) return status;
    return cublasLtMatmul(handle, how, &alpha, pa, a, pb, b, &beta, pc, c, pd, d, &found[0].algo,
                          workspace, bytes, stream);
  }
  cublasLtHandle_t handle = nullptr;
  cublasLtMatmulDesc_t how = nullptr;
  cublasLtMatrixLayout_t a = nullptr, b = nullptr, c = nullptr, d = nullptr;
  cublasLtMatmulPreference_t preference = nullptr;
  cublasLtMatmulHeuristicResult_t found[4];
  int count = 0;
};

void matmul_layouts() {
  const int m = 5, n = 7, k = 3;
  const auto a = numbers<float>(m * k, 6), b = numbers<float>(k * n, 7), c = numbers<float>(m, 8);
  float *da = device(a), *db = device(b), *dc = device(c), *dd = device<float>(m * n);
  for (int form = 0; form < 8; ++form) {
    Lt lt;
    lt.shape(m, n, k);
    const bool ta = form & 1, tb = form & 2, by_rows = form & 4;
    // A matrix that is read by rows and transposed is the same as one that is neither.
    if (ta) {
      check(cublasLtMatrixLayoutDestroy(lt.a));
      check(cublasLtMatrixLayoutCreate(&lt.a, CUDA_R_32F, k, m, m));
      Lt::set(lt.a, CUBLASLT_MATRIX_LAYOUT_ORDER, std::int32_t{CUBLASLT_ORDER_ROW});
      lt.set(CUBLASLT_MATMUL_DESC_TRANSA, std::int32_t{CUBLAS_OP_T});
    }
    if (tb) {
      check(cublasLtMatrixLayoutDestroy(lt.b));
      check(cublasLtMatrixLayoutCreate(&lt.b, CUDA_R_32F, n, k, n));
      lt.set(CUBLASLT_MATMUL_DESC_TRANSB, std::int32_t{CUBLAS_OP_T});
    }
    if (by_rows) {
      for (auto layout : {lt.c, lt.d}) {
        Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_ORDER, std::int32_t{CUBLASLT_ORDER_ROW});
        Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_LD, std::int64_t{n});
      }
      check(lt.run(da, db, nullptr, dd));
    } else {
      Lt::set(lt.c, CUBLASLT_MATRIX_LAYOUT_LD, std::int64_t{0});  // one column for all
      check(lt.run(da, db, dc, dd, 1, 2));
    }
    std::vector<float> got(m * n);
    check(cudaMemcpy(got.data(), dd, sizeof(float) * got.size(), cudaMemcpyDeviceToHost));
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < n; ++j) {
        double sum = by_rows ? 0 : 2 * number(c[static_cast<std::size_t>(i)]);
        for (int l = 0; l < k; ++l) {
          sum += at(a, m, false, i, l) * at(b, tb ? n : k, tb, l, j);
        }
        near(got[static_cast<std::size_t>(by_rows ? i * n + j : i + j * m)], sum, 0, "layouts");
      }
    }
  }
  for (float* memory : {da, db, dc, dd}) check(cudaFree(memory));
}

double gelu(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

void matmul_epilogues() {
  const int m = 130, n = 6, k = 4, mask_ld = 256, gelu_ld = 136;
  const auto a = numbers<float>(m * k, 9), b = numbers<float>(k * n, 10),
             bias = numbers<float>(m, 11);
  float *da = device(a), *db = device(b), *dbias = device(bias), *dd = device<float>(m * n),
        *sums = device<float>(m), *aux = device<float>(gelu_ld * n);
  auto* mask = device<std::uint8_t>(mask_ld / 8 * n);
  Lt lt;
  lt.shape(m, n, k);
  const auto product = [&](int i, int j) {
    double sum = 0;
    for (int l = 0; l < k; ++l) sum += at(a, m, false, i, l) * at(b, k, false, l, j);
    return sum;
  };
  const auto with_bias = [&](int i, int j) {
    return product(i, j) + number(bias[static_cast<std::size_t>(i)]);
  };
  const auto run = [&](cublasLtEpilogue_t epilogue, void* vector, void* auxiliary, std::int64_t ld,
                       double error, auto wanted) {
    lt.epilogue(epilogue, vector, auxiliary, ld);
    check(lt.run(da, db, dd, dd));
    std::vector<float> got(m * n);
    check(cudaMemcpy(got.data(), dd, sizeof(float) * got.size(), cudaMemcpyDeviceToHost));
    for (int j = 0; j < n; ++j) {
      for (int i = 0; i < m; ++i) {
        near(got[static_cast<std::size_t>(i + j * m)], wanted(i, j), error, "epilogue");
      }
    }
  };
  const auto relu = [](double x) { return std::fmax(x, 0.0); };
  const auto slope = [](double x) { return (gelu(x + 1e-5) - gelu(x - 1e-5)) / 2e-5; };
  const auto check_sums = [&](int count, double error, auto wanted) {
    std::vector<float> got(static_cast<std::size_t>(count));
    check(cudaMemcpy(got.data(), sums, sizeof(float) * got.size(), cudaMemcpyDeviceToHost));
    for (int i = 0; i < count; ++i)
      near(got[static_cast<std::size_t>(i)], wanted(i), error, "sums");
  };
  const auto over_n = [&](auto f) {
    return [&, f](int i) {
      double sum = 0;
      for (int j = 0; j < n; ++j) sum += f(i, j);
      return sum;
    };
  };
  run(CUBLASLT_EPILOGUE_BIAS, dbias, nullptr, 0, 0, with_bias);
  run(CUBLASLT_EPILOGUE_RELU, nullptr, nullptr, 0, 0,
      [&](int i, int j) { return relu(product(i, j)); });
  run(CUBLASLT_EPILOGUE_RELU_BIAS, dbias, nullptr, 0, 0,
      [&](int i, int j) { return relu(with_bias(i, j)); });
  run(CUBLASLT_EPILOGUE_RELU_AUX_BIAS, dbias, mask, mask_ld, 0,
      [&](int i, int j) { return relu(with_bias(i, j)); });
  // The gradient passes where the forward pass was positive.
  const auto masked = [&](int i, int j) { return with_bias(i, j) > 0 ? product(i, j) : 0; };
  run(CUBLASLT_EPILOGUE_DRELU, nullptr, mask, mask_ld, 0, masked);
  run(CUBLASLT_EPILOGUE_DRELU_BGRAD, sums, mask, mask_ld, 0, masked);
  check_sums(m, 0, over_n(masked));
  run(CUBLASLT_EPILOGUE_RELU_AUX, nullptr, mask, mask_ld, 0,
      [&](int i, int j) { return relu(product(i, j)); });
  run(CUBLASLT_EPILOGUE_GELU, nullptr, nullptr, 0, 1e-5,
      [&](int i, int j) { return gelu(product(i, j)); });
  run(CUBLASLT_EPILOGUE_GELU_BIAS, dbias, nullptr, 0, 1e-5,
      [&](int i, int j) { return gelu(with_bias(i, j)); });
  run(CUBLASLT_EPILOGUE_GELU_AUX, nullptr, aux, gelu_ld, 1e-5,
      [&](int i, int j) { return gelu(product(i, j)); });
  run(CUBLASLT_EPILOGUE_GELU_AUX_BIAS, dbias, aux, gelu_ld, 1e-5,
      [&](int i, int j) { return gelu(with_bias(i, j)); });
  const auto scaled = [&](int i, int j) { return product(i, j) * slope(with_bias(i, j)); };
  run(CUBLASLT_EPILOGUE_DGELU, nullptr, aux, gelu_ld, 1e-4, scaled);
  run(CUBLASLT_EPILOGUE_DGELU_BGRAD, sums, aux, gelu_ld, 1e-4, scaled);
  check_sums(m, 1e-3, over_n(scaled));
  run(CUBLASLT_EPILOGUE_BGRADA, sums, nullptr, 0, 0, product);
  check_sums(m, 0, [&](int i) {
    double sum = 0;
    for (int l = 0; l < k; ++l) sum += at(a, m, false, i, l);
    return sum;
  });
  run(CUBLASLT_EPILOGUE_BGRADB, sums, nullptr, 0, 0, product);
  check_sums(n, 0, [&](int j) {
    double sum = 0;
    for (int l = 0; l < k; ++l) sum += at(b, k, false, l, j);
    return sum;
  });
  check(cudaFree(mask));
  for (float* memory : {da, db, dbias, dd, sums, aux}) check(cudaFree(memory));
}

// A ReLU layer and its gradient, two at a time: a bias, a mask and a bias gradient each.
void matmul_batches() {
  const int m = 3, n = 2, count = 2, gap = 16;
  float *a = device(numbers<float>(m * count, 12)), *b = device(numbers<float>(n * count, 13)),
        *bias = device(numbers<float>(gap + m, 14)), *d = device<float>(m * n * count),
        *sums = device<float>(gap + m);
  auto* masks = device<std::uint8_t>(256 / 8 * n * count);
  Lt lt;
  lt.shape(m, n, 2);  // of A and B one column and one row count; the others are zeros
  const auto batch = [](cublasLtMatrixLayout_t layout, std::int64_t step) {
    Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, std::int32_t{count});
    Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, step);
  };
  float *wide_a = device<float>(2 * m * count), *wide_b = device<float>(2 * n * count);
  check(cudaMemcpy2D(wide_a, 8 * m, a, 4 * m, 4 * m, count, cudaMemcpyDeviceToDevice));
  check(cudaMemcpy2D(wide_b, 8, b, 4, 4, n * count, cudaMemcpyDeviceToDevice));
  batch(lt.a, 2 * m);
  batch(lt.b, 2 * n);
  batch(lt.c, m * n);
  batch(lt.d, m * n);
  lt.set(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE, std::int64_t{gap});
  lt.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE, std::int64_t{256 * n});
  lt.epilogue(CUBLASLT_EPILOGUE_RELU_AUX_BIAS, bias, masks, 256);
  check(lt.run(wide_a, wide_b, nullptr, d));
  const auto hb = take(bias, gap + m), ha = take(a, m * count), hv = take(b, n * count);
  std::vector<float> forward(m * n * count);
  check(cudaMemcpy(forward.data(), d, sizeof(float) * forward.size(), cudaMemcpyDeviceToHost));
  lt.epilogue(CUBLASLT_EPILOGUE_DRELU_BGRAD, sums, masks, 256);
  check(lt.run(wide_a, wide_b, nullptr, d));
  const auto backward = take(d, m * n * count), gradient = take(sums, gap + m);
  for (int item = 0; item < count; ++item) {
    for (int i = 0; i < m; ++i) {
      float sum = 0;
      for (int j = 0; j < n; ++j) {
        const auto at = static_cast<std::size_t>(i + j * m + item * m * n);
        const float product =
            ha[static_cast<std::size_t>(i + item * m)] * hv[static_cast<std::size_t>(j + item * n)];
        const float input = product + hb[static_cast<std::size_t>(i + item * gap)];
        require(forward[at] == std::fmax(input, 0.0f), "forward");
        require(backward[at] == (input > 0 ? product : 0), "backward");
        sum += backward[at];
      }
      require(gradient[static_cast<std::size_t>(i + item * gap)] == sum, "bias gradient");
    }
  }
  check(cudaFree(masks));
  check(cudaFree(wide_a));
  check(cudaFree(wide_b));
}

void matmul_rules() {
  const auto refused = [](const char* what, cublasStatus_t status, int m, int n, int k,
                          auto change) {
    Lt lt;
    lt.shape(m, n, k);
    change(lt);
    require(lt.find() == status, what);
  };
  float* p = device<float>(1);
  const auto by_rows = [](Lt& lt) {
    for (auto layout : {lt.c, lt.d}) {
      Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_ORDER, std::int32_t{CUBLASLT_ORDER_ROW});
      Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_LD, std::int64_t{16});
    }
  };
  const auto invalid = CUBLAS_STATUS_INVALID_VALUE, unsupported = CUBLAS_STATUS_NOT_SUPPORTED;
  refused("nothing", CUBLAS_STATUS_SUCCESS, 8, 16, 4, [](Lt&) {});
  refused("mask ld", invalid, 8, 16, 4,
          [&](Lt& lt) { lt.epilogue(CUBLASLT_EPILOGUE_RELU_AUX, nullptr, p, 64); });
  refused("mask below rows", invalid, 200, 16, 4,
          [&](Lt& lt) { lt.epilogue(CUBLASLT_EPILOGUE_RELU_AUX, nullptr, p, 128); });
  refused("gelu ld", invalid, 8, 16, 4,
          [&](Lt& lt) { lt.epilogue(CUBLASLT_EPILOGUE_GELU_AUX, nullptr, p, 12); });
  refused("gelu pointer", invalid, 8, 16, 4,
          [&](Lt& lt) { lt.epilogue(CUBLASLT_EPILOGUE_DGELU, nullptr, nullptr, 8); });
  refused("k = 1", unsupported, 8, 16, 1,
          [&](Lt& lt) { lt.epilogue(CUBLASLT_EPILOGUE_DRELU, nullptr, p, 128); });
  refused("bias by rows", CUBLAS_STATUS_SUCCESS, 8, 16, 4, [&](Lt& lt) {
    by_rows(lt);
    lt.epilogue(CUBLASLT_EPILOGUE_BIAS, p);
  });
  refused("relu and bias by rows", unsupported, 8, 16, 4, [&](Lt& lt) {
    by_rows(lt);
    lt.epilogue(CUBLASLT_EPILOGUE_RELU_BIAS, p);
  });
  refused("type of the bias", unsupported, 8, 16, 4, [&](Lt& lt) {
    lt.epilogue(CUBLASLT_EPILOGUE_BIAS, p);
    lt.set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, std::int32_t{CUDA_R_16F});
  });
  refused("unknown epilogue", invalid, 8, 16, 4,
          [](Lt& lt) { lt.set(CUBLASLT_MATMUL_DESC_EPILOGUE, std::uint32_t{3}); });
  refused("types", unsupported, 8, 16, 4,
          [](Lt& lt) { Lt::set(lt.a, CUBLASLT_MATRIX_LAYOUT_TYPE, std::uint32_t{CUDA_R_16F}); });
  refused("ld", invalid, 8, 16, 4,
          [](Lt& lt) { Lt::set(lt.a, CUBLASLT_MATRIX_LAYOUT_LD, std::int64_t{7}); });
  refused("k of B", invalid, 8, 16, 4,
          [](Lt& lt) { Lt::set(lt.b, CUBLASLT_MATRIX_LAYOUT_ROWS, std::uint64_t{3}); });
  refused("batch", invalid, 8, 16, 4,
          [](Lt& lt) { Lt::set(lt.a, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, std::int32_t{2}); });
  Lt lt;
  lt.shape(1, 1, 1);
  require(lt.run(p, p, nullptr, p, 1, 1) == invalid, "C is null");
  lt.epilogue(CUBLASLT_EPILOGUE_BGRADB);
  require(lt.run(p, p, p, p) == invalid, "no bias pointer");
  std::int32_t wide = 0;
  require(cublasLtMatmulDescSetAttribute(lt.how, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &wide,
                                         sizeof wide) == invalid,
          "size of an attribute");
  check(cudaFree(p));
}

void matmul_algorithms() {
  Lt lt;
  lt.shape(8, 8, 8);
  float *a = device<float>(64), *b = device<float>(64), *d = device<float>(64);
  check(lt.find());
  require(lt.count == 1 && lt.found[0].workspaceSize == 0, "no workspace is allowed by default");
  lt.prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{1} << 20);
  check(lt.find());
  const std::size_t needed = lt.found[0].workspaceSize;
  require(lt.count == 2 && needed >= 256 && lt.found[1].workspaceSize == 0, "with a workspace");
  require(lt.run(a, b, nullptr, d) == CUBLAS_STATUS_INVALID_VALUE, "the workspace is missing");
  auto* workspace = device<char>(needed + 1);
  require(lt.run(a, b, nullptr, d, 1, 0, workspace, needed - 1) == CUBLAS_STATUS_INVALID_VALUE,
          "the workspace is too small");
  require(lt.run(a, b, nullptr, d, 1, 0, workspace + 1, needed) == CUBLAS_STATUS_INVALID_VALUE,
          "the workspace is not aligned");
  check(lt.run(a, b, nullptr, d, 1, 0, workspace, needed));
  lt.prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
            std::uint32_t{CUBLASLT_REDUCTION_SCHEME_NONE});
  check(lt.find());
  require(lt.count == 1 && lt.found[0].workspaceSize == 0, "no reduction is allowed");
  check(cudaFree(workspace));
  for (float* memory : {a, b, d}) check(cudaFree(memory));
}

void captured() {
  cudaStream_t stream;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  Lt lt;
  lt.shape(1, 1, 1);
  float *a = filled<float>(2), *b = filled<float>(3), *d = filled<float>(0);
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  check(cudaStreamSynchronize(nullptr));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  check(lt.run(a, b, d, d, 1, 1, nullptr, 0, stream));
  check(cudaStreamEndCapture(stream, &graph));
  check(cudaGraphInstantiate(&exec, graph, 0));
  using Counter = std::uint64_t (*)(const char*);
  const auto counter = reinterpret_cast<Counter>(dlsym(RTLD_DEFAULT, "ptxrun_counter"));
  const std::uint64_t before = counter("library_calls");
  for (int i = 0; i < 3; ++i) check(cudaGraphLaunch(exec, stream));
  check(cudaStreamSynchronize(stream));
  require(counter("library_calls") == before + 3, "every run is counted");
  require(take(d, 1)[0] == 18, "three replays, and no run while capturing");
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphDestroy(graph));
  check(cudaStreamDestroy(stream));
  check(cudaFree(a));
  check(cudaFree(b));
}

void failing() {
  Lt lt;
  lt.shape(1, 1, 1);
  float* p = filled<float>(1);
  float* d = device<float>(1);
  check(lt.run(p, p, nullptr, d));
  require(lt.run(p, p, nullptr, d) == CUBLAS_STATUS_EXECUTION_FAILED, "--fail");
  check(lt.run(p, p, nullptr, d));
  check(cudaFree(p));
  check(cudaFree(d));
}

void refused() {
  Lt lt;
  lt.shape(8, 8, 8);
  float* p = device<float>(8);
  lt.epilogue(CUBLASLT_EPILOGUE_RELU_AUX_BIAS, p, p, 128);
  require(lt.find() == CUBLAS_STATUS_NOT_SUPPORTED, "--refuse RELU_AUX_BIAS");
  lt.epilogue(CUBLASLT_EPILOGUE_BGRADB, p);
  require(lt.find() == CUBLAS_STATUS_NOT_SUPPORTED, "--refuse BGRADB");
  lt.epilogue(CUBLASLT_EPILOGUE_RELU_BIAS, p);
  require(lt.find() == CUBLAS_STATUS_SUCCESS, "others are not refused");
  check(cudaFree(p));
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"gemm", gemm},
                   {"gemm_types", gemm_types},
                   {"batched", batched},
                   {"vectors", vectors},
                   {"scalars_on_device", scalars_on_device},
                   {"matmul_layouts", matmul_layouts},
                   {"matmul_epilogues", matmul_epilogues},
                   {"matmul_batches", matmul_batches},
                   {"matmul_rules", matmul_rules},
                   {"matmul_algorithms", matmul_algorithms},
                   {"captured", captured},
                   {"failing", failing},
                   {"refused", refused}});
}
