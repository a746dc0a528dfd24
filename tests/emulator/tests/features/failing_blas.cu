// SPDX-License-Identifier: MIT
// Every call of cuBLAS and cuBLASLt, failing once.
// case none: clean
#include "tests/emulator/tests/features/failing.h"

namespace {

void blas() {
  cublasHandle_t h = nullptr;
  cudaStream_t stream;
  cublasPointerMode_t pointers;
  cublasMath_t math;
  int version = 0;
  const float one = 1, zero = 0;
  const double wide_one = 1, wide_zero = 0;
  const auto kN = CUBLAS_OP_N;
  call("cublasCreate", CUBLAS_STATUS_ALLOC_FAILED, [&] { return cublasCreate(&h); });
  call("cublasGetVersion", [&] { return cublasGetVersion(h, &version); });
  call("cublasSetStream", [&] { return cublasSetStream(h, nullptr); });
  call("cublasGetStream", [&] { return cublasGetStream(h, &stream); });
  call("cublasSetWorkspace", [&] { return cublasSetWorkspace(h, nullptr, 0); });
  call("cublasSetPointerMode", [&] { return cublasSetPointerMode(h, CUBLAS_POINTER_MODE_HOST); });
  call("cublasGetPointerMode", [&] { return cublasGetPointerMode(h, &pointers); });
  call("cublasSetMathMode", [&] { return cublasSetMathMode(h, CUBLAS_DEFAULT_MATH); });
  call("cublasGetMathMode", [&] { return cublasGetMathMode(h, &math); });
  float *a = filled<float>(2), *c = filled<float>(0);
  double *x = filled<double>(2), *y = filled<double>(0);
  const auto multiply = [](const char* name, auto body) {
    call(name, CUBLAS_STATUS_EXECUTION_FAILED, body);
  };
  multiply("cublasSgemm",
           [&] { return cublasSgemm(h, kN, kN, 1, 1, 1, &one, a, 1, a, 1, &zero, c, 1); });
  multiply("cublasDgemm", [&] {
    return cublasDgemm(h, kN, kN, 1, 1, 1, &wide_one, x, 1, x, 1, &wide_zero, y, 1);
  });
  multiply("cublasSgemmStridedBatched", [&] {
    return cublasSgemmStridedBatched(h, kN, kN, 1, 1, 1, &one, a, 1, 1, a, 1, 1, &zero, c, 1, 1, 1);
  });
  multiply("cublasDgemmStridedBatched", [&] {
    return cublasDgemmStridedBatched(h, kN, kN, 1, 1, 1, &wide_one, x, 1, 1, x, 1, 1, &wide_zero, y,
                                     1, 1, 1);
  });
  multiply("cublasGemmEx", [&] {
    return cublasGemmEx(h, kN, kN, 1, 1, 1, &one, a, CUDA_R_32F, 1, a, CUDA_R_32F, 1, &zero, c,
                        CUDA_R_32F, 1, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
  });
  multiply("cublasGemmStridedBatchedEx", [&] {
    return cublasGemmStridedBatchedEx(h, kN, kN, 1, 1, 1, &one, a, CUDA_R_32F, 1, 1, a, CUDA_R_32F,
                                      1, 1, &zero, c, CUDA_R_32F, 1, 1, 1, CUBLAS_COMPUTE_32F,
                                      CUBLAS_GEMM_DEFAULT);
  });
  multiply("cublasSgemv", [&] { return cublasSgemv(h, kN, 1, 1, &one, a, 1, a, 1, &zero, c, 1); });
  multiply("cublasDgemv",
           [&] { return cublasDgemv(h, kN, 1, 1, &wide_one, x, 1, x, 1, &wide_zero, y, 1); });
  float **as = filled<float*>(a), **cs = filled<float*>(c);
  double **xs = filled<double*>(x), **ys = filled<double*>(y);
  multiply("cublasSgemmBatched", [&] {
    return cublasSgemmBatched(h, kN, kN, 1, 1, 1, &one, as, 1, as, 1, &zero, cs, 1, 1);
  });
  multiply("cublasDgemmBatched", [&] {
    return cublasDgemmBatched(h, kN, kN, 1, 1, 1, &wide_one, xs, 1, xs, 1, &wide_zero, ys, 1, 1);
  });
  multiply("cublasGemmBatchedEx", [&] {
    return cublasGemmBatchedEx(h, kN, kN, 1, 1, 1, &one, reinterpret_cast<void**>(as), CUDA_R_32F,
                               1, reinterpret_cast<void**>(as), CUDA_R_32F, 1, &zero,
                               reinterpret_cast<void**>(cs), CUDA_R_32F, 1, 1, CUBLAS_COMPUTE_32F,
                               CUBLAS_GEMM_DEFAULT);
  });
  float found = 0;
  double wide_found = 0;
  multiply("cublasSdot", [&] { return cublasSdot(h, 1, a, 1, a, 1, &found); });
  multiply("cublasDdot", [&] { return cublasDdot(h, 1, x, 1, x, 1, &wide_found); });
  require(found == 4 && wide_found == 4, "dot products");
  multiply("cublasSnrm2", [&] { return cublasSnrm2(h, 1, a, 1, &found); });
  multiply("cublasDnrm2", [&] { return cublasDnrm2(h, 1, x, 1, &wide_found); });
  multiply("cublasSscal", [&] { return cublasSscal(h, 1, &one, c, 1); });
  multiply("cublasDscal", [&] { return cublasDscal(h, 1, &wide_one, y, 1); });
  multiply("cublasSaxpy", [&] { return cublasSaxpy(h, 1, &zero, a, 1, c, 1); });
  multiply("cublasDaxpy", [&] { return cublasDaxpy(h, 1, &wide_zero, x, 1, y, 1); });
  for (void* memory : std::initializer_list<void*>{as, cs, xs, ys}) check(cudaFree(memory));
  const auto copy = [](const char* name, auto body) {
    call(name, CUBLAS_STATUS_MAPPING_ERROR, body);
  };
  copy("cublasSetVector", [&] { return cublasSetVector(1, 4, &found, 1, a, 1); });
  copy("cublasGetVector", [&] { return cublasGetVector(1, 4, a, 1, &found, 1); });
  copy("cublasSetMatrix", [&] { return cublasSetMatrix(1, 1, 4, &found, 1, a, 1); });
  copy("cublasGetMatrix", [&] { return cublasGetMatrix(1, 1, 4, a, 1, &found, 1); });
  copy("cublasSetVectorAsync",
       [&] { return cublasSetVectorAsync(1, 4, &found, 1, a, 1, nullptr); });
  copy("cublasGetVectorAsync",
       [&] { return cublasGetVectorAsync(1, 4, a, 1, &found, 1, nullptr); });
  copy("cublasSetMatrixAsync",
       [&] { return cublasSetMatrixAsync(1, 1, 4, &found, 1, a, 1, nullptr); });
  copy("cublasGetMatrixAsync",
       [&] { return cublasGetMatrixAsync(1, 1, 4, a, 1, &found, 1, nullptr); });
  call("cublasDestroy", [&] { return cublasDestroy(h); });
  require(take(c, 1)[0] == 4 && take(y, 1)[0] == 4, "products");
  check(cudaFree(a));
  check(cudaFree(x));
}

void blas_lt() {
  cublasLtHandle_t h = nullptr;
  cublasLtMatmulDesc_t how = nullptr;
  cublasLtMatrixLayout_t layout = nullptr;
  cublasLtMatmulPreference_t preference = nullptr;
  cublasLtMatmulHeuristicResult_t found = {};
  int count = 0;
  const float one = 1, zero = 0;
  const std::int32_t value = 0;
  const std::int64_t ld = 1;
  const std::uint64_t bytes = 0;
  const auto kMemory = CUBLAS_STATUS_ALLOC_FAILED;
  float *a = filled<float>(2), *d = filled<float>(0);
  call("cublasLtCreate", kMemory, [&] { return cublasLtCreate(&h); });
  call("cublasLtMatmulDescCreate", kMemory,
       [&] { return cublasLtMatmulDescCreate(&how, CUBLAS_COMPUTE_32F, CUDA_R_32F); });
  call("cublasLtMatrixLayoutCreate", kMemory,
       [&] { return cublasLtMatrixLayoutCreate(&layout, CUDA_R_32F, 1, 1, 1); });
  call("cublasLtMatmulPreferenceCreate", kMemory,
       [&] { return cublasLtMatmulPreferenceCreate(&preference); });
  call("cublasLtMatmulDescSetAttribute", [&] {
    return cublasLtMatmulDescSetAttribute(how, CUBLASLT_MATMUL_DESC_TRANSA, &value, sizeof value);
  });
  call("cublasLtMatrixLayoutSetAttribute", [&] {
    return cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_LD, &ld, sizeof ld);
  });
  call("cublasLtMatmulPreferenceSetAttribute", [&] {
    return cublasLtMatmulPreferenceSetAttribute(
        preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes, sizeof bytes);
  });
  cublasLtMatmulDescOpaque_t how_here;
  cublasLtMatrixLayoutOpaque_t layout_here;
  cublasLtMatmulPreferenceOpaque_t preference_here;
  call("cublasLtMatmulDescInit",
       [&] { return cublasLtMatmulDescInit(&how_here, CUBLAS_COMPUTE_32F, CUDA_R_32F); });
  call("cublasLtMatrixLayoutInit",
       [&] { return cublasLtMatrixLayoutInit(&layout_here, CUDA_R_32F, 1, 1, 1); });
  call("cublasLtMatmulPreferenceInit",
       [&] { return cublasLtMatmulPreferenceInit(&preference_here); });
  std::size_t size = 0;
  call("cublasLtMatmulDescGetAttribute", [&] {
    return cublasLtMatmulDescGetAttribute(&how_here, CUBLASLT_MATMUL_DESC_TRANSA, nullptr, 0,
                                          &size);
  });
  call("cublasLtMatrixLayoutGetAttribute", [&] {
    return cublasLtMatrixLayoutGetAttribute(&layout_here, CUBLASLT_MATRIX_LAYOUT_LD, nullptr, 0,
                                            &size);
  });
  call("cublasLtMatmulPreferenceGetAttribute", [&] {
    return cublasLtMatmulPreferenceGetAttribute(
        &preference_here, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, nullptr, 0, &size);
  });
  int ids[4];
  call("cublasLtMatmulAlgoGetIds", [&] {
    return cublasLtMatmulAlgoGetIds(h, CUBLAS_COMPUTE_32F, CUDA_R_32F, CUDA_R_32F, CUDA_R_32F,
                                    CUDA_R_32F, CUDA_R_32F, 4, ids, &count);
  });
  require(count == 2, "algorithms");
  count = 0;
  call("cublasLtMatmulAlgoGetHeuristic", CUBLAS_STATUS_NOT_SUPPORTED, [&] {
    require(count == 0, "a call that fails finds nothing");
    return cublasLtMatmulAlgoGetHeuristic(h, how, layout, layout, layout, layout, preference, 1,
                                          &found, &count);
  });
  call("cublasLtMatmulAlgoConfigGetAttribute", [&] {
    return cublasLtMatmulAlgoConfigGetAttribute(&found.algo, CUBLASLT_ALGO_CONFIG_ID, nullptr, 0,
                                                &size);
  });
  call("cublasLtMatmul", CUBLAS_STATUS_EXECUTION_FAILED, [&] {
    return cublasLtMatmul(h, how, &one, a, layout, a, layout, &zero, d, layout, d, layout,
                          &found.algo, nullptr, 0, nullptr);
  });
  call("cublasLtMatmulPreferenceDestroy",
       [&] { return cublasLtMatmulPreferenceDestroy(preference); });
  call("cublasLtMatrixLayoutDestroy", [&] { return cublasLtMatrixLayoutDestroy(layout); });
  call("cublasLtMatmulDescDestroy", [&] { return cublasLtMatmulDescDestroy(how); });
  call("cublasLtDestroy", [&] { return cublasLtDestroy(h); });
  require(take(d, 1)[0] == 4, "product");
  check(cudaFree(a));
}

}  // namespace

int main(int count, char** arguments) {
  return fail_one(count, arguments, [] {
    blas();
    blas_lt();
  });
}
