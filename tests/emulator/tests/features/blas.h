// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/tests/case.h"

#include <cublasLt.h>
#include <cublas_v2.h>

#include <cmath>
#include <cstdint>

/// What the programs that use cuBLAS and cuBLASLt share.

inline void check(cublasStatus_t status) {
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
inline double number(double value) {
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

template <class T>
void near(T value, double wanted, double error, const char* what) {
  require(std::fabs(number(value) - wanted) <= error, what);
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
