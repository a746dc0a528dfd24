// SPDX-License-Identifier: MIT
// case product_bounds: out-of-bounds "cublasSgemm, matrix A, reads 76 bytes: 12 bytes past"
// case product_bounds_repaired: clean
// case product_uninitialised: uninitialised "matrix B, reads uninitialised memory: byte 0"
// case product_uninitialised_repaired: clean
// case batch: out-of-bounds+uninitialised "called from" with --max-reports 2
// case integers: unsupported "cublasGemmEx: only products of real floating-point types"
// case product_freed: use-after-free "matrix B"
// case product_freed_repaired: clean
// case product_misaligned: misaligned "matrix A"
// case product_host: host-access "matrix A"
// case alpha_on_host: host-access "alpha or beta"
// case alpha_on_host_repaired: clean
// case alpha_on_device: device-access
// case output_overlaps: library "its output overlaps its input matrix A"
// case output_overlaps_repaired: clean
// case output_overlaps_below: library "its output overlaps its input matrix A"
// case algorithm_alignment: library "matrix B is aligned to 4 bytes"
// case algorithm_alignment_repaired: clean
// case bias_alignment: library "the bias is aligned to 4 bytes"
// case bias_alignment_repaired: clean
// case workspace_bounds: out-of-bounds "the workspace"
// case workspace_read: uninitialised
// case workspace_read_repaired: clean
// case result_bounds: out-of-bounds "cublasSgemm, matrix C, writes 64 bytes"
// case result_freed: use-after-free "matrix C"
// case batch_bounds: out-of-bounds "matrix A"
// case batch_bounds_repaired: clean
// case vector_bounds: out-of-bounds "cublasSgemv, vector x,"
// case vector_bounds_repaired: clean
// case beta_uninitialised: uninitialised "matrix C"
// case beta_uninitialised_repaired: clean
// case lt_result: out-of-bounds "cublasLtMatmul, matrix D, writes"
// case bias_bounds: out-of-bounds "the bias"
// case bias_uninitialised: uninitialised "the bias"
// case bias_repaired: clean
// case kept_uninitialised: uninitialised "the auxiliary matrix"
// case kept_freed: use-after-free "the auxiliary matrix"
// case kept_repaired: clean
// case gradient_bounds: out-of-bounds "the bias, writes"
// case gradient_repaired: clean
// case mask_bounds: out-of-bounds "the mask"
// case mask_bounds_repaired: clean
// case listed_bounds: out-of-bounds "matrix B"
// case listed_repaired: clean
// case list_bounds: out-of-bounds "the list of each matrix C"
// case list_of_host: host-access "the list of each matrix A"
// case listed_overlaps: library "its output overlaps its input matrix A"
// case dot_bounds: out-of-bounds "cublasSdot, vector y,"
// case dot_uninitialised: uninitialised "cublasSdot, vector y,"
// case dot_repaired: clean
// case dot_captured: capture "cublasSdot on a stream that is being captured"
// case result_of_host: host-access "cublasSnrm2, result,"
// case scaled_freed: use-after-free "cublasSscal, vector x,"
// case sum_overlaps: library "cublasSaxpy: its output overlaps its input vector x"
// case sum_repaired: clean
// case step_zero: unsupported "cublasSaxpy: a step of 0"
// case copy_bounds: out-of-bounds "cublasSetVector writes"
// case copy_repaired: clean
// case copy_uninitialised: uninitialised "cublasGetMatrix"
// case copy_of_host: copy "cublasSetVector"
#include "tests/emulator/tests/case.h"

#include <cublasLt.h>
#include <cublas_v2.h>

#include <cstdint>

namespace {

void check(cublasStatus_t status) {
  require(status == CUBLAS_STATUS_SUCCESS, cublasGetStatusString(status));
}

const float kOne = 1, kZero = 0;

// C = A B of 4 x 4 matrices, A with the leading dimension given.
void multiply(const float* a, int lda, const float* b, float* c, const float* alpha = &kOne,
              const float* beta = &kZero, cublasPointerMode_t mode = CUBLAS_POINTER_MODE_HOST) {
  cublasHandle_t handle;
  check(cublasCreate(&handle));
  check(cublasSetPointerMode(handle, mode));
  check(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, alpha, a, lda, b, 4, beta, c, 4));
  check(cublasDestroy(handle));
  wait();
}

struct Arrays {
  explicit Arrays(std::size_t count = 16)
      : a(device<float>(count)), b(device<float>(count)), c(device<float>(count)) {}
  ~Arrays() {
    for (float* memory : {a, b, c}) cudaFree(memory);
    cudaGetLastError();
  }
  float *a, *b, *c;
};

template <bool repaired>
void product_bounds() {
  Arrays x(repaired ? 19 : 16);
  multiply(x.a, 5, x.b, x.c);
}

template <bool repaired>
void product_uninitialised() {
  Arrays x;
  float* b = nullptr;
  check(cudaMalloc(&b, 16 * sizeof(float)));
  if (repaired) check(cudaMemset(b, 0, 16 * sizeof(float)));
  multiply(x.a, 4, b, x.c);
  check(cudaFree(b));
}

__global__ void past_the_end(const float* x, float* y) {
  y[threadIdx.x] = x[threadIdx.x + 1];  // <- batch
}

// One call with a mistake in each of 30 matrices leaves room for the next report.
void batch() {
  Arrays x(16 * 30);
  float* b = nullptr;
  check(cudaMalloc(&b, 16 * 30 * sizeof(float)));
  cublasHandle_t handle;
  check(cublasCreate(&handle));
  check(cublasSgemmStridedBatched(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, &kOne, x.a, 4, 16, b,
                                  4, 16, &kZero, x.c, 4, 16, 30));
  check(cublasDestroy(handle));
  check(cudaFree(b));
  past_the_end<<<1, 480>>>(x.a, x.c);
  wait();
}

// What a real cuBLAS has, but not the emulator.
void integers() {
  auto* a = device<signed char>(64);
  int* c = device<int>(64);
  const int one = 1, zero = 0;
  cublasHandle_t handle;
  check(cublasCreate(&handle));
  require(cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, 8, 8, 8, &one, a, CUDA_R_8I, 8, a,
                       CUDA_R_8I, 8, &zero, c, CUDA_R_32I, 8, CUBLAS_COMPUTE_32I,
                       CUBLAS_GEMM_DEFAULT) == CUBLAS_STATUS_NOT_SUPPORTED,
          "integers");
  check(cublasDestroy(handle));
  check(cudaFree(a));
  check(cudaFree(c));
}

template <bool repaired>
void product_freed() {
  Arrays x;
  float* b = device<float>(16);
  if (!repaired) check(cudaFree(b));
  multiply(x.a, 4, b, x.c);
  if (repaired) check(cudaFree(b));
}

void product_misaligned() {
  Arrays x(17);
  multiply(reinterpret_cast<float*>(reinterpret_cast<char*>(x.a) + 2), 4, x.b, x.c);
}

void product_host() {
  Arrays x;
  const std::vector<float> a(16);
  multiply(a.data(), 4, x.b, x.c);
}

template <bool repaired>
void alpha_on_host() {
  Arrays x;
  float* scalars = device<float>({1, 0});
  multiply(x.a, 4, x.b, x.c, repaired ? scalars : &kOne, repaired ? scalars + 1 : &kZero,
           CUBLAS_POINTER_MODE_DEVICE);
  cudaFree(scalars);
}

void alpha_on_device() {
  Arrays x;
  multiply(x.a, 4, x.b, x.c, x.a, x.a);
}

// Rows 0 to 3 of a matrix with 8 rows are not rows 4 to 7.
void multiply_rows(int from, int to) {
  Arrays x(32);
  cublasHandle_t handle;
  check(cublasCreate(&handle));
  check(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, &kOne, x.a + from, 8, x.b, 4, &kZero,
                    x.a + to, 8));
  check(cublasDestroy(handle));
  wait();
}

template <bool repaired>
void output_overlaps() {
  multiply_rows(0, repaired ? 4 : 3);
}

void output_overlaps_below() { multiply_rows(3, 0); }

// D = A B of 8 x 8 matrices, by cuBLASLt.
struct Lt {
  Lt() {
    check(cublasLtCreate(&handle));
    check(cublasLtMatmulDescCreate(&how, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    check(cublasLtMatmulPreferenceCreate(&preference));
    check(cublasLtMatrixLayoutCreate(&layout, CUDA_R_32F, 8, 8, 8));
  }
  ~Lt() {
    check(cublasLtMatrixLayoutDestroy(layout));
    check(cublasLtMatmulPreferenceDestroy(preference));
    check(cublasLtMatmulDescDestroy(how));
    check(cublasLtDestroy(handle));
  }
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, T value) {
    check(cublasLtMatmulDescSetAttribute(how, attribute, &value, sizeof value));
  }
  void prefer(cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
    check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value));
  }
  void find() {
    int count = 0;
    check(cublasLtMatmulAlgoGetHeuristic(handle, how, layout, layout, layout, layout, preference, 1,
                                         &found, &count));
    require(count == 1, "no algorithm");
  }
  cublasStatus_t run(const float* a, const float* b, float* d, void* workspace = nullptr,
                     std::size_t bytes = 0) {
    return cublasLtMatmul(handle, how, &kOne, a, layout, b, layout, &kZero, d, layout, d, layout,
                          &found.algo, workspace, bytes, nullptr);
  }
  cublasLtHandle_t handle;
  cublasLtMatmulDesc_t how;
  cublasLtMatmulPreference_t preference;
  cublasLtMatrixLayout_t layout;
  cublasLtMatmulHeuristicResult_t found;
};

template <bool repaired>
void algorithm_alignment() {
  Arrays x(80);
  Lt lt;
  if (repaired) lt.prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, std::uint32_t{4});
  lt.find();
  const cublasStatus_t status = lt.run(x.a, x.b + 1, x.c);
  require((status == CUBLAS_STATUS_SUCCESS) == repaired, "status");
}

// The algorithm was chosen while the descriptor held another bias.
template <bool repaired>
void bias_alignment() {
  Arrays x(80);
  Lt lt;
  lt.set(CUBLASLT_MATMUL_DESC_EPILOGUE, std::uint32_t{CUBLASLT_EPILOGUE_BIAS});
  lt.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, x.b + (repaired ? 1 : 0));
  lt.find();
  lt.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, x.b + 1);
  const cublasStatus_t status = lt.run(x.a, x.a, x.c);
  require((status == CUBLAS_STATUS_SUCCESS) == repaired, "status");
}

// A workspace that is smaller than the call says.
void workspace_bounds() {
  Arrays x(64);
  Lt lt;
  lt.prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{4096});
  lt.find();
  float* workspace = device<float>(32);
  check(lt.run(x.a, x.b, x.c, workspace, 4096));
  wait();
}

// A workspace that holds something else.
template <bool repaired>
void workspace_read() {
  Arrays x(64);
  Lt lt;
  lt.prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{256});
  lt.find();
  float* workspace = device<float>(64);
  check(lt.run(x.a, x.b, x.c, repaired ? workspace : x.b, 256));
  check(lt.run(x.a, x.b, x.c, workspace, 256));
  check(cudaFree(workspace));
}

// A mask takes ld bits a column.
template <bool repaired>
void mask_bounds() {
  Arrays x(64);
  Lt lt;
  auto* mask = device<std::uint8_t>(repaired ? 8 * 16 : 8 * 8);
  lt.set(CUBLASLT_MATMUL_DESC_EPILOGUE, std::uint32_t{CUBLASLT_EPILOGUE_RELU_AUX});
  lt.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, mask);
  lt.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, std::int64_t{128});
  lt.find();
  check(lt.run(x.a, x.b, x.c));
  wait();
  cudaFree(mask);
}

float* uninitialised(std::size_t count) {
  float* memory = nullptr;
  check(cudaMalloc(&memory, count * sizeof(float)));
  return memory;
}

void result(bool freed) {
  Arrays x;
  float* c = device<float>(freed ? 16 : 15);
  if (freed) check(cudaFree(c));
  multiply(x.a, 4, x.b, c);
  if (!freed) cudaFree(c);
}

// Two products, whose A takes 16 + 16 elements.
void batch_bounds(std::size_t count) {
  Arrays x(32);
  float* a = device<float>(count);
  cublasHandle_t handle;
  check(cublasCreate(&handle));
  check(cublasSgemmStridedBatched(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, &kOne, a, 4, 16, x.b,
                                  4, 16, &kZero, x.c, 4, 16, 2));
  check(cublasDestroy(handle));
  wait();
  cudaFree(a);
}

// A vector of every second element.
void vector_bounds(std::size_t count) {
  Arrays x;
  float* vector = device<float>(count);
  cublasHandle_t handle;
  check(cublasCreate(&handle));
  check(cublasSgemv(handle, CUBLAS_OP_N, 4, 4, &kOne, x.a, 4, vector, 2, &kZero, x.c, 1));
  check(cublasDestroy(handle));
  wait();
  cudaFree(vector);
}

// C is read if beta is not 0.
void beta(bool repaired) {
  Arrays x;
  float* c = uninitialised(16);
  multiply(x.a, 4, x.b, c, &kOne, repaired ? &kZero : &kOne);
  check(cudaFree(c));
}

// An epilogue with a vector and a matrix of the sizes given.
void epilogue(cublasLtEpilogue_t which, std::size_t vector_size, bool initialised,
              bool freed = false, std::size_t result_size = 64) {
  Arrays x(64);
  Lt lt;
  float* d = device<float>(result_size);
  float* vector = initialised ? device<float>(vector_size) : uninitialised(vector_size);
  lt.set(CUBLASLT_MATMUL_DESC_EPILOGUE, static_cast<std::uint32_t>(which));
  lt.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, vector);
  lt.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, vector);
  lt.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, std::int64_t{8});
  lt.find();
  if (freed) check(cudaFree(vector));
  check(lt.run(x.a, x.b, d));
  wait();
  if (!freed) cudaFree(vector);
  cudaFree(d);
}

// C = A B of 4 x 4 matrices that lists name.
void listed(std::size_t b_size, std::size_t c_count, bool lists_of_host = false,
            bool overlaps = false) {
  Arrays x(32);
  float* b = device<float>(b_size);
  const std::vector<const float*> as = {x.a, x.a + 16};
  auto** da = device(as);
  auto** db = device<const float*>({x.b, b});
  float* second = overlaps ? x.a + 12 : x.c + 16;
  auto** dc = device(c_count == 2 ? std::vector<float*>{x.c, second} : std::vector<float*>{x.c});
  cublasHandle_t handle;
  check(cublasCreate(&handle));
  check(cublasSgemmBatched(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, &kOne,
                           lists_of_host ? as.data() : da, 4, db, 4, &kZero, dc, 4, 2));
  check(cublasDestroy(handle));
  wait();
  for (void* memory : std::initializer_list<void*>{b, da, db, dc}) cudaFree(memory);
}

// The function of a handle and the vectors a and b of 16 elements, b with only `count`.
template <class Call>
void vectors(std::size_t count, bool initialised, Call call) {
  Arrays x;
  float* b = initialised ? device<float>(count) : uninitialised(count);
  cublasHandle_t handle;
  check(cublasCreate(&handle));
  call(handle, x.a, b);
  check(cublasDestroy(handle));
  wait();
  cudaFree(b);
}

void dot(cublasHandle_t handle, float* a, float* b) {
  float result = 0;
  cublasSdot(handle, 16, a, 1, b, 1, &result);
}

// The host would have to wait for what a graph does later.
void dot_captured(cublasHandle_t handle, float* a, float* b) {
  cudaStream_t stream;
  cudaGraph_t graph;
  check(cudaStreamCreate(&stream));
  check(cublasSetStream(handle, stream));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  dot(handle, a, b);
  cudaStreamEndCapture(stream, &graph);
  check(cudaStreamDestroy(stream));
}

void result_of_host(cublasHandle_t handle, float* a, float*) {
  static float result;
  check(cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_DEVICE));
  cublasSnrm2(handle, 16, a, 1, &result);
}

void scaled_freed(cublasHandle_t handle, float*, float*) {
  float* freed = device<float>(4);
  check(cudaFree(freed));
  cublasSscal(handle, 4, &kOne, freed, 1);
}

template <int offset, int step = 2>
void sum(cublasHandle_t handle, float* a, float*) {
  cublasSaxpy(handle, 4, &kOne, a, step, a + offset, step);
}

void copy(std::size_t count) {
  float* x = device<float>(count);
  const float values[8] = {};
  cublasSetVector(4, sizeof(float), values, 1, x, 2);
  wait();
  cudaFree(x);
}

void copy_uninitialised() {
  float *a = uninitialised(4), values[4];
  cublasGetMatrix(2, 2, sizeof(float), a, 2, values, 2);
  wait();
  cudaFree(a);
}

void copy_of_host() {
  float from[4] = {}, to[4] = {};
  cublasSetVector(4, sizeof(float), from, 1, to, 1);
  cudaGetLastError();
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"product_bounds", product_bounds<false>},
                   {"product_bounds_repaired", product_bounds<true>},
                   {"batch", batch},
                   {"integers", integers},
                   {"product_uninitialised", product_uninitialised<false>},
                   {"product_uninitialised_repaired", product_uninitialised<true>},
                   {"product_freed", product_freed<false>},
                   {"product_freed_repaired", product_freed<true>},
                   {"product_misaligned", product_misaligned},
                   {"product_host", product_host},
                   {"alpha_on_host", alpha_on_host<false>},
                   {"alpha_on_host_repaired", alpha_on_host<true>},
                   {"alpha_on_device", alpha_on_device},
                   {"output_overlaps", output_overlaps<false>},
                   {"output_overlaps_repaired", output_overlaps<true>},
                   {"output_overlaps_below", output_overlaps_below},
                   {"algorithm_alignment", algorithm_alignment<false>},
                   {"algorithm_alignment_repaired", algorithm_alignment<true>},
                   {"bias_alignment", bias_alignment<false>},
                   {"bias_alignment_repaired", bias_alignment<true>},
                   {"workspace_bounds", workspace_bounds},
                   {"workspace_read", workspace_read<false>},
                   {"workspace_read_repaired", workspace_read<true>},
                   {"result_bounds", [] { result(false); }},
                   {"result_freed", [] { result(true); }},
                   {"batch_bounds", [] { batch_bounds(31); }},
                   {"batch_bounds_repaired", [] { batch_bounds(32); }},
                   {"vector_bounds", [] { vector_bounds(6); }},
                   {"vector_bounds_repaired", [] { vector_bounds(7); }},
                   {"beta_uninitialised", [] { beta(false); }},
                   {"beta_uninitialised_repaired", [] { beta(true); }},
                   {"lt_result", [] { epilogue(CUBLASLT_EPILOGUE_RELU, 8, true, false, 63); }},
                   {"bias_bounds", [] { epilogue(CUBLASLT_EPILOGUE_BIAS, 7, true); }},
                   {"bias_uninitialised", [] { epilogue(CUBLASLT_EPILOGUE_BIAS, 8, false); }},
                   {"bias_repaired", [] { epilogue(CUBLASLT_EPILOGUE_BIAS, 8, true); }},
                   {"kept_uninitialised", [] { epilogue(CUBLASLT_EPILOGUE_DGELU, 64, false); }},
                   {"kept_freed", [] { epilogue(CUBLASLT_EPILOGUE_DGELU, 64, true, true); }},
                   {"kept_repaired", [] { epilogue(CUBLASLT_EPILOGUE_GELU_AUX, 64, false); }},
                   {"gradient_bounds", [] { epilogue(CUBLASLT_EPILOGUE_BGRADB, 7, true); }},
                   {"gradient_repaired", [] { epilogue(CUBLASLT_EPILOGUE_BGRADB, 8, false); }},
                   {"listed_bounds", [] { listed(15, 2); }},
                   {"listed_repaired", [] { listed(16, 2); }},
                   {"list_bounds", [] { listed(16, 1); }},
                   {"list_of_host", [] { listed(16, 2, true); }},
                   {"listed_overlaps", [] { listed(16, 2, false, true); }},
                   {"dot_bounds", [] { vectors(15, true, dot); }},
                   {"dot_uninitialised", [] { vectors(16, false, dot); }},
                   {"dot_repaired", [] { vectors(16, true, dot); }},
                   {"dot_captured", [] { vectors(16, true, dot_captured); }},
                   {"result_of_host", [] { vectors(16, true, result_of_host); }},
                   {"scaled_freed", [] { vectors(16, true, scaled_freed); }},
                   {"sum_overlaps", [] { vectors(16, true, sum<2>); }},
                   {"sum_repaired", [] { vectors(16, true, sum<1>); }},
                   {"step_zero", [] { vectors(16, true, sum<1, 0>); }},
                   {"copy_bounds", [] { copy(6); }},
                   {"copy_repaired", [] { copy(7); }},
                   {"copy_uninitialised", copy_uninitialised},
                   {"copy_of_host", copy_of_host},
                   {"mask_bounds", mask_bounds<false>},
                   {"mask_bounds_repaired", mask_bounds<true>}});
}
