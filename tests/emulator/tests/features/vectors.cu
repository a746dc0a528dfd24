// SPDX-License-Identifier: MIT
// cuBLAS: copies of vectors and matrices, and functions of vectors.
// case copies: clean
// case copies_async: clean
// case copies_refused: clean
// case functions: clean
// case range_of_norms: clean
// case on_device: clean
// case refused: clean
#include "tests/emulator/tests/features/blas.h"

namespace {

constexpr auto kInvalid = CUBLAS_STATUS_INVALID_VALUE;

struct Handle {
  Handle() { check(cublasCreate(&value)); }
  ~Handle() { check(cublasDestroy(value)); }
  cublasHandle_t value = nullptr;
};

void copies() {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  float* x = device<float>(8);
  check(cublasSetVector(3, sizeof(float), values.data(), 2, x, 3));  // 1 . . 3 . . 5 .
  std::vector<float> got(3);
  check(cublasGetVector(3, sizeof(float), x, 3, got.data(), 1));
  require(got == std::vector<float>({1, 3, 5}), "a vector");
  require(
      counter("copied_bytes.host_to_device") == 12 && counter("copied_bytes.device_to_host") == 12,
      "what lies between the elements stays");
  require(take(x, 8) == std::vector<float>({1, 0, 0, 3, 0, 0, 5, 0}), "its elements");
  // Columns of 2 of 3 rows.
  float* a = device<float>(8);
  check(cublasSetMatrix(2, 2, sizeof(float), values.data(), 3, a, 4));
  std::vector<float> matrix(4);
  check(cublasGetMatrix(2, 2, sizeof(float), a, 4, matrix.data(), 2));
  require(matrix == std::vector<float>({1, 2, 4, 5}), "a matrix");
  require(take(a, 8) == std::vector<float>({1, 2, 0, 0, 4, 5, 0, 0}), "its columns");
  double* whole = device<double>(6);
  const std::vector<double> wide = {1, 2, 3, 4, 5, 6};
  check(cublasSetMatrix(3, 2, sizeof(double), wide.data(), 3, whole, 3));
  require(take(whole, 6) == wide, "adjacent columns");
}

void copies_async() {
  cudaStream_t stream;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  float *from, *to, *x = device<float>(4), *a = device<float>(4);
  check(cudaMallocHost(&from, 4 * sizeof(float)));
  check(cudaMallocHost(&to, 8 * sizeof(float)));
  check(cudaDeviceSynchronize());
  for (int i = 0; i < 4; ++i) from[i] = static_cast<float>(i + 1);
  check(cublasSetVectorAsync(4, sizeof(float), from, 1, x, 1, stream));
  check(cublasGetVectorAsync(2, sizeof(float), x, 2, to, 1, stream));
  check(cublasSetMatrixAsync(1, 2, sizeof(float), from, 2, a, 1, stream));
  check(cublasGetMatrixAsync(2, 1, sizeof(float), a, 2, to + 4, 2, stream));
  check(cudaStreamSynchronize(stream));
  require(to[0] == 1 && to[1] == 3 && to[4] == 1 && to[5] == 3, "copies on a stream");
  check(cudaStreamDestroy(stream));
  check(cudaFreeHost(from));
  check(cudaFreeHost(to));
  check(cudaFree(x));
  check(cudaFree(a));
}

void copies_refused() {
  float here[4] = {}, *x = device<float>(4);
  check(cublasSetVector(0, 4, here, 1, x, 1));
  require(cublasSetVector(-1, 4, here, 1, x, 1) == kInvalid, "n");
  require(cublasSetVector(1, 0, here, 1, x, 1) == kInvalid, "the size of elements");
  require(cublasSetVector(1, 4, here, 0, x, 1) == kInvalid, "the step of x");
  require(cublasGetVector(1, 4, x, 1, here, -1) == kInvalid, "the step of y");
  require(cublasSetMatrix(2, 2, 4, here, 1, x, 2) == kInvalid, "lda");
  require(cublasGetMatrix(2, 2, 4, x, 2, here, 1) == kInvalid, "ldb");
  require(take(x, 4) == std::vector<float>(4), "nothing was copied");
}

void functions() {
  Handle handle;
  const auto h = handle.value;
  float *x = filled<float>(1, 2, 3, 4), *y = filled<float>(10, 20, 30, 40), result = -1;
  check(cublasSdot(h, 4, x, 1, y, 1, &result));
  require(result == 300, "dot");
  check(cublasSdot(h, 2, x, 2, y, -1, &result));
  require(result == 1 * 20 + 3 * 10, "dot with steps");
  check(cublasSdot(h, 0, x, 1, y, 1, &result));
  require(result == 0, "dot of nothing");
  check(cublasSnrm2(h, 2, x + 2, 1, &result));
  require(result == 5, "nrm2");
  const float three = 3, half = 0.5f;
  check(cublasSaxpy(h, 2, &three, x, 1, y, 2));
  check(cublasSscal(h, 2, &half, x, 2));
  require(take(y, 4) == std::vector<float>({13, 20, 36, 40}), "axpy");
  require(take(x, 4) == std::vector<float>({0.5f, 2, 1.5f, 4}), "scal");
  double *p = filled<double>(3, 4), *q = filled<double>(1, 1), wide = 0;
  const double two = 2;
  check(cublasDdot(h, 2, p, 1, q, 1, &wide));
  require(wide == 7, "dot in double");
  check(cublasDnrm2(h, 2, p, 1, &wide));
  require(wide == 5, "nrm2 in double");
  check(cublasDaxpy(h, 2, &two, p, 1, q, 1));
  check(cublasDscal(h, 2, &two, p, 1));
  require(take(q, 2) == std::vector<double>({7, 9}), "axpy in double");
  require(take(p, 2) == std::vector<double>({6, 8}), "scal in double");
  require(counter("library_calls") == 10, "calls that computed");
}

void range_of_norms() {
  Handle handle;
  float *x = filled<float>(3e30f, 4e30f), single = 0;
  check(cublasSnrm2(handle.value, 2, x, 1, &single));
  near(single, 5e30, 1e24, "squares beyond float");
  double *y = filled<double>(3e300, 4e300, 3e-300, 4e-300), wide = 0;
  check(cublasDnrm2(handle.value, 2, y, 1, &wide));
  near(wide, 5e300, 1e285, "squares beyond double");
  check(cublasDnrm2(handle.value, 2, y + 2, 1, &wide));
  near(wide, 5e-300, 1e-315, "squares below double");
  check(cudaFree(x));
  check(cudaFree(y));
}

// Results and factors in device memory, in a graph that is launched twice.
void on_device() {
  Handle handle;
  const auto h = handle.value;
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  float *x = filled<float>(1, 1), *y = filled<float>(0, 0), *factor = filled<float>(0);
  check(cudaDeviceSynchronize());
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  check(cublasSetStream(h, stream));
  check(cublasSetPointerMode(h, CUBLAS_POINTER_MODE_DEVICE));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  check(cublasSdot(h, 2, x, 1, x, 1, factor));
  check(cublasSscal(h, 2, factor, x, 1));
  check(cublasSaxpy(h, 2, factor, x, 1, y, 1));
  check(cudaStreamEndCapture(stream, &graph));
  check(cudaGraphInstantiate(&exec, graph, 0));
  for (int i = 0; i < 2; ++i) check(cudaGraphLaunch(exec, stream));
  check(cudaStreamSynchronize(stream));
  require(take(factor, 1)[0] == 8, "the second dot product");
  require(take(x, 2) == std::vector<float>({16, 16}), "scaled twice");
  require(take(y, 2) == std::vector<float>({132, 132}), "added twice");
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphDestroy(graph));
  check(cudaStreamDestroy(stream));
}

void refused() {
  Handle handle;
  float *x = filled<float>(1), result = 0;
  require(cublasSdot(handle.value, 1, x, 1, x, 1, nullptr) == kInvalid, "no result");
  require(cublasSscal(handle.value, 1, nullptr, x, 1) == kInvalid, "no factor");
  require(cublasSnrm2(nullptr, 1, x, 1, &result) == CUBLAS_STATUS_NOT_INITIALIZED, "no handle");
  check(cudaFree(x));
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"copies", copies},
                   {"copies_async", copies_async},
                   {"copies_refused", copies_refused},
                   {"functions", functions},
                   {"range_of_norms", range_of_norms},
                   {"on_device", on_device},
                   {"refused", refused}});
}
