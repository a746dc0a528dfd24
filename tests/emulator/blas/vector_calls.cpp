// SPDX-License-Identifier: MIT
// cuBLAS's functions of vectors: norms, dot products, scaling and scaled sums. In the vectors'
// type, as one chain of fused multiply-adds in ascending order; a norm is rounded once.
#include "tests/emulator/blas/handle.h"
#include "tests/emulator/report/report.h"
#include "tests/emulator/runtime/entry.h"

#include <algorithm>
#include <cmath>

using namespace emulator;

namespace {

template <class T>
constexpr cudaDataType kType = sizeof(T) == 8 ? CUDA_R_64F : CUDA_R_32F;

template <class T>
Matrix vector(const char* name, const T* data, int n, int step) {
  return as_matrix(name, data, kType<T>, std::max(n, 0), step);
}

template <class T>
bool load(const Matrix& vector, const char* call, std::vector<T>& values) {
  values.resize(static_cast<std::size_t>(vector.length * vector.lines));
  return load(vector, 0, call, values.data());
}

// The frame of a call. With a step of 0 all elements of a vector are the same one.
template <class Body>
cublasStatus_t with_steps(const char* call, cublasHandle_t handle, int x_step, int y_step,
                          Body body) {
  return handle_entry(call, handle, [&](cublasContext& context) {
    if (x_step != 0 && y_step != 0) return body(context);
    report(Check::unsupported, std::string(call) + ": a step of 0 is not emulated");
    return unsupported(std::string(call) + ": a step of 0");
  });
}

// *result = function(values of x, values of y), if there is a y. The host waits for a result that
// is its own.
template <bool has_y, class T, class Function>
cublasStatus_t reduce(const char* call, cublasHandle_t handle, int n, const T* x, int x_step,
                      const T* y, int y_step, T* result, Function function) {
  return with_steps(call, handle, x_step, y_step, [&](cublasContext& context) {
    if (!result) return invalid(std::string(call) + ": the result is null");
    const bool waits = context.pointer_mode == CUBLAS_POINTER_MODE_HOST;
    Stream* const stream = find_stream(context.stream);
    if (!stream || (waits && refuse_stream_wait(*stream, call) != cudaSuccess)) {
      return CUBLAS_STATUS_EXECUTION_FAILED;
    }
    const auto body = [=] {
      std::vector<T> a, b;
      if (!load(vector("vector x", x, n, x_step), call, a)) return false;
      if (has_y && !load(vector("vector y", y, n, y_step), call, b)) return false;
      const T value = function(a, b);
      if (!waits) return store(vector("result", result, 1, 1), 0, call, &value);
      *result = value;
      return true;
    };
    const cublasStatus_t status = enqueue(call, body, context.stream);
    if (status != CUBLAS_STATUS_SUCCESS || !waits) return status;
    const bool done = synchronise(stream->last) == cudaSuccess;
    return done ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
  });
}

template <class T>
cublasStatus_t norm(const char* call, cublasHandle_t handle, int n, const T* x, int x_step,
                    T* result) {
  const auto function = [](const std::vector<T>& values, const std::vector<T>&) {
    long double sum = 0;  // the square of any double is one
    for (const long double value : values) sum += value * value;
    return static_cast<T>(std::sqrt(sum));
  };
  return reduce<false>(call, handle, n, x, x_step, x, x_step, result, function);
}

template <class T>
cublasStatus_t dot(const char* call, cublasHandle_t handle, int n, const T* x, int x_step,
                   const T* y, int y_step, T* result) {
  const auto function = [](const std::vector<T>& a, const std::vector<T>& b) {
    T sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum = std::fma(a[i], b[i], sum);
    return sum;
  };
  return reduce<true>(call, handle, n, x, x_step, y, y_step, result, function);
}

// y = alpha x + y, or, without x, y = alpha y.
template <bool has_x, class T>
cublasStatus_t scale(const char* call, cublasHandle_t handle, int n, const T* alpha, const T* x,
                     int x_step, T* y, int y_step) {
  return with_steps(call, handle, x_step, y_step, [&](cublasContext& context) {
    if (n <= 0) return CUBLAS_STATUS_SUCCESS;
    if (!alpha) return invalid(std::string(call) + ": alpha is null");
    const Matrix from = vector("vector x", x, n, x_step);
    const Matrix to = vector(has_x ? "vector y" : "vector x", y, n, y_step);
    if (has_x && x != y && x_step == y_step && overlap(from, to)) {
      report(Check::library, std::string(call) +
                                 ": its output overlaps its input vector x, so the result is "
                                 "undefined");
    }
    const bool on_device = context.pointer_mode == CUBLAS_POINTER_MODE_DEVICE;
    const Scalar scalar = make_scalar(alpha, kType<T>, on_device);
    const auto body = [=] {
      Scalar factor = scalar;
      std::vector<T> a, b;
      if (!resolve(factor, call) || (has_x && !load(from, call, a)) || !load(to, call, b)) {
        return false;
      }
      const T value = static_cast<T>(factor.value);
      for (std::size_t i = 0; i < b.size(); ++i) {
        b[i] = has_x ? std::fma(value, a[i], b[i]) : value * b[i];
      }
      return store(to, 0, call, b.data());
    };
    return enqueue(call, body, context.stream);
  });
}

}  // namespace

extern "C" {

cublasStatus_t cublasSnrm2_v2(cublasHandle_t handle, int n, const float* x, int x_step,
                              float* result) {
  return norm("cublasSnrm2", handle, n, x, x_step, result);
}
cublasStatus_t cublasDnrm2_v2(cublasHandle_t handle, int n, const double* x, int x_step,
                              double* result) {
  return norm("cublasDnrm2", handle, n, x, x_step, result);
}

cublasStatus_t cublasSdot_v2(cublasHandle_t handle, int n, const float* x, int x_step,
                             const float* y, int y_step, float* result) {
  return dot("cublasSdot", handle, n, x, x_step, y, y_step, result);
}
cublasStatus_t cublasDdot_v2(cublasHandle_t handle, int n, const double* x, int x_step,
                             const double* y, int y_step, double* result) {
  return dot("cublasDdot", handle, n, x, x_step, y, y_step, result);
}

cublasStatus_t cublasSscal_v2(cublasHandle_t handle, int n, const float* alpha, float* x,
                              int x_step) {
  return scale<false>("cublasSscal", handle, n, alpha, x, x_step, x, x_step);
}
cublasStatus_t cublasDscal_v2(cublasHandle_t handle, int n, const double* alpha, double* x,
                              int x_step) {
  return scale<false>("cublasDscal", handle, n, alpha, x, x_step, x, x_step);
}

cublasStatus_t cublasSaxpy_v2(cublasHandle_t handle, int n, const float* alpha, const float* x,
                              int x_step, float* y, int y_step) {
  return scale<true>("cublasSaxpy", handle, n, alpha, x, x_step, y, y_step);
}
cublasStatus_t cublasDaxpy_v2(cublasHandle_t handle, int n, const double* alpha, const double* x,
                              int x_step, double* y, int y_step) {
  return scale<true>("cublasDaxpy", handle, n, alpha, x, x_step, y, y_step);
}

}  // extern "C"
