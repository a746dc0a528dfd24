// SPDX-License-Identifier: MIT
// cuBLAS's operations on vectors. Sums are sequential, in double precision.
#include "tests/emulator/blas/handle.h"
#include "tests/emulator/runtime/entry.h"

#include <cmath>
#include <vector>

using namespace emulator;

namespace {

using Values = std::vector<double>;

template <class T>
constexpr cudaDataType kType = sizeof(T) == 8 ? CUDA_R_64F : CUDA_R_32F;

bool load_vector(const Matrix& vector, const std::string& call, Values& values) {
  values.resize(static_cast<std::size_t>(vector.length * vector.lines));
  return load(vector, 0, call, values.data());
}

// result = f(x, y), y empty for functions of one vector. With a result on the host the call waits.
template <class T, class F>
cublasStatus_t reduce(const char* call, cublasHandle_t handle, int n, const T* x, int x_step,
                      const T* y, int y_step, T* result, F f) {
  return handle_entry(call, handle, [&](cublasContext& context) {
    if (!result) return CUBLAS_STATUS_INVALID_VALUE;
    const bool on_device = context.pointer_mode == CUBLAS_POINTER_MODE_DEVICE;
    Stream* const stream = find_stream(context.stream);
    if (!stream) return CUBLAS_STATUS_EXECUTION_FAILED;
    if (!on_device && refuse_stream_wait(*stream, call) != cudaSuccess) {
      return CUBLAS_STATUS_EXECUTION_FAILED;
    }
    const int count = std::max(n, 0);
    const Matrix a = as_matrix("vector x", x, kType<T>, count, x_step);
    const Matrix b = as_matrix("vector y", y, kType<T>, y ? count : 0, y ? y_step : 1);
    const Matrix to = as_matrix("the result", result, kType<T>, 1, 1);
    const cublasStatus_t status = enqueue(call, context.stream, [=, name = std::string(call)] {
      Values p, q;
      if (!load_vector(a, name, p) || !load_vector(b, name, q)) return false;
      const double value = f(p, q);
      if (on_device) return store(to, 0, name, &value);
      *result = static_cast<T>(value);
      return true;
    });
    if (on_device || status != CUBLAS_STATUS_SUCCESS) return status;
    return synchronise(stream->last) == cudaSuccess ? status : CUBLAS_STATUS_EXECUTION_FAILED;
  });
}

// y = f(alpha, x, y) element by element; for scal y is x.
template <class T, class F>
cublasStatus_t update(const char* call, cublasHandle_t handle, int n, const T* alpha, const T* x,
                      int x_step, T* y, int y_step, F f) {
  return handle_entry(call, handle, [&](cublasContext& context) {
    if (!alpha) return CUBLAS_STATUS_INVALID_VALUE;
    if (n <= 0) return CUBLAS_STATUS_SUCCESS;
    const bool on_device = context.pointer_mode == CUBLAS_POINTER_MODE_DEVICE;
    const Scalar factor = make_scalar(alpha, kType<T>, on_device);
    const Matrix from = as_matrix("vector x", x, kType<T>, n, x_step);
    const Matrix to = as_matrix("vector y", y, kType<T>, n, y_step);
    return enqueue(call, context.stream, [=, name = std::string(call)] {
      Scalar scale = factor;
      Values p, q;
      if (!resolve(scale, name) || !load_vector(from, name, p) || !load_vector(to, name, q)) {
        return false;
      }
      for (std::size_t i = 0; i < q.size(); ++i) {
        q[i] = static_cast<double>(
            f(static_cast<T>(scale.value), static_cast<T>(p[i]), static_cast<T>(q[i])));
      }
      return store(to, 0, name, q.data());
    });
  });
}

constexpr auto kDot = [](const Values& x, const Values& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
};
constexpr auto kNorm = [](const Values& x, const Values&) { return std::sqrt(kDot(x, x)); };
constexpr auto kSum = [](const Values& x, const Values&) {
  double sum = 0;
  for (const double value : x) sum += std::fabs(value);
  return sum;
};
constexpr auto kAdd = [](auto alpha, auto x, auto y) { return std::fma(alpha, x, y); };
constexpr auto kScale = [](auto alpha, auto x, auto) { return alpha * x; };

}  // namespace

extern "C" {

cublasStatus_t cublasSdot_v2(cublasHandle_t handle, int n, const float* x, int x_step,
                             const float* y, int y_step, float* result) {
  return reduce("cublasSdot", handle, n, x, x_step, y, y_step, result, kDot);
}

cublasStatus_t cublasDdot_v2(cublasHandle_t handle, int n, const double* x, int x_step,
                             const double* y, int y_step, double* result) {
  return reduce("cublasDdot", handle, n, x, x_step, y, y_step, result, kDot);
}

cublasStatus_t cublasSnrm2_v2(cublasHandle_t handle, int n, const float* x, int step,
                              float* result) {
  return reduce<float>("cublasSnrm2", handle, n, x, step, nullptr, 1, result, kNorm);
}

cublasStatus_t cublasDnrm2_v2(cublasHandle_t handle, int n, const double* x, int step,
                              double* result) {
  return reduce<double>("cublasDnrm2", handle, n, x, step, nullptr, 1, result, kNorm);
}

cublasStatus_t cublasSasum_v2(cublasHandle_t handle, int n, const float* x, int step,
                              float* result) {
  return reduce<float>("cublasSasum", handle, n, x, step, nullptr, 1, result, kSum);
}

cublasStatus_t cublasDasum_v2(cublasHandle_t handle, int n, const double* x, int step,
                              double* result) {
  return reduce<double>("cublasDasum", handle, n, x, step, nullptr, 1, result, kSum);
}

cublasStatus_t cublasSaxpy_v2(cublasHandle_t handle, int n, const float* alpha, const float* x,
                              int x_step, float* y, int y_step) {
  return update("cublasSaxpy", handle, n, alpha, x, x_step, y, y_step, kAdd);
}

cublasStatus_t cublasDaxpy_v2(cublasHandle_t handle, int n, const double* alpha, const double* x,
                              int x_step, double* y, int y_step) {
  return update("cublasDaxpy", handle, n, alpha, x, x_step, y, y_step, kAdd);
}

cublasStatus_t cublasSscal_v2(cublasHandle_t handle, int n, const float* alpha, float* x,
                              int step) {
  return update<float>("cublasSscal", handle, n, alpha, x, step, x, step, kScale);
}

cublasStatus_t cublasDscal_v2(cublasHandle_t handle, int n, const double* alpha, double* x,
                              int step) {
  return update<double>("cublasDscal", handle, n, alpha, x, step, x, step, kScale);
}

}  // extern "C"
