// SPDX-License-Identifier: MIT
// cuBLAS's copies of vectors and matrices between the host and the device.
#include "tests/emulator/blas/handle.h"
#include "tests/emulator/runtime/transfers.h"

using namespace emulator;

namespace {

// Columns of `rows` elements, whose first ones are `from_ld` and `to_ld` elements apart; those of a
// vector have one row.
struct Columns {
  int rows, count, element;
  const void* from;
  int from_ld;
  void* to;
  int to_ld;
};

cublasStatus_t transfer(const char* call, const Columns& x, cudaMemcpyKind kind, const On& on) {
  return library_entry(call, [&] {
    if (x.rows < 0 || x.count < 0 || x.element <= 0 || x.from_ld < 1 || x.to_ld < 1 ||
        x.from_ld < x.rows || x.to_ld < x.rows) {
      return invalid(std::string(call) + ": a size, step or leading dimension");
    }
    const auto bytes = [&](int elements) { return std::size_t(elements) * std::size_t(x.element); };
    Copy what = linear(x.to, x.from, bytes(x.rows), kind);
    if (x.from_ld == x.rows && x.to_ld == x.rows) {
      what.box.width *= std::size_t(x.count);
    } else {
      what.box.height = std::size_t(x.count);
      what.from.pitch = bytes(x.from_ld);
      what.to.pitch = bytes(x.to_ld);
    }
    return copy(call, what, on) == cudaSuccess ? CUBLAS_STATUS_SUCCESS
                                               : CUBLAS_STATUS_MAPPING_ERROR;
  });
}

const On kNow{cudaStreamLegacy, true};

}  // namespace

extern "C" {

cublasStatus_t cublasSetVector(int n, int element, const void* x, int x_step, void* y, int y_step) {
  return transfer("cublasSetVector", {1, n, element, x, x_step, y, y_step}, cudaMemcpyHostToDevice,
                  kNow);
}
cublasStatus_t cublasGetVector(int n, int element, const void* x, int x_step, void* y, int y_step) {
  return transfer("cublasGetVector", {1, n, element, x, x_step, y, y_step}, cudaMemcpyDeviceToHost,
                  kNow);
}
cublasStatus_t cublasSetMatrix(int rows, int columns, int element, const void* a, int lda, void* b,
                               int ldb) {
  return transfer("cublasSetMatrix", {rows, columns, element, a, lda, b, ldb},
                  cudaMemcpyHostToDevice, kNow);
}
cublasStatus_t cublasGetMatrix(int rows, int columns, int element, const void* a, int lda, void* b,
                               int ldb) {
  return transfer("cublasGetMatrix", {rows, columns, element, a, lda, b, ldb},
                  cudaMemcpyDeviceToHost, kNow);
}

cublasStatus_t cublasSetVectorAsync(int n, int element, const void* x, int x_step, void* y,
                                    int y_step, cudaStream_t stream) {
  return transfer("cublasSetVectorAsync", {1, n, element, x, x_step, y, y_step},
                  cudaMemcpyHostToDevice, {stream, false});
}
cublasStatus_t cublasGetVectorAsync(int n, int element, const void* x, int x_step, void* y,
                                    int y_step, cudaStream_t stream) {
  return transfer("cublasGetVectorAsync", {1, n, element, x, x_step, y, y_step},
                  cudaMemcpyDeviceToHost, {stream, false});
}
cublasStatus_t cublasSetMatrixAsync(int rows, int columns, int element, const void* a, int lda,
                                    void* b, int ldb, cudaStream_t stream) {
  return transfer("cublasSetMatrixAsync", {rows, columns, element, a, lda, b, ldb},
                  cudaMemcpyHostToDevice, {stream, false});
}
cublasStatus_t cublasGetMatrixAsync(int rows, int columns, int element, const void* a, int lda,
                                    void* b, int ldb, cudaStream_t stream) {
  return transfer("cublasGetMatrixAsync", {rows, columns, element, a, lda, b, ldb},
                  cudaMemcpyDeviceToHost, {stream, false});
}

}  // extern "C"
