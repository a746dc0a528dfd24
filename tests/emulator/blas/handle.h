// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/blas/product.h"
#include "tests/emulator/streams/schedule.h"

#include <string_view>

/// What a cuBLAS handle stands for.
struct cublasContext {
  cudaStream_t stream = nullptr;
  cublasPointerMode_t pointer_mode = CUBLAS_POINTER_MODE_HOST;
  cublasMath_t math_mode = CUBLAS_DEFAULT_MATH;
};

struct cublasLtContext {};

namespace emulator {

/// What a call that --fail names returns: no memory for what it makes, no algorithm, memory that
/// cannot be copied, a computation that did not run, or an internal error.
cublasStatus_t forced_status(std::string_view call);

/// The frame of an entry point of either library.
template <class Body>
cublasStatus_t library_entry(const char* call, Body body) {
  const std::lock_guard lock(device_lock());
  if (must_fail(call)) return forced_status(call);
  return in_host_function() ? CUBLAS_STATUS_EXECUTION_FAILED : body();
}

/// The same for one that works on a handle; `body` gets the cublasContext or cublasLtContext.
template <class Context, class Body>
cublasStatus_t handle_entry(const char* call, Context* handle, Body body) {
  return library_entry(call, [&] {
    Context* const context = registry<Context>().find(handle);
    return context ? body(*context) : CUBLAS_STATUS_NOT_INITIALIZED;
  });
}

template <class Context>
cublasStatus_t create_handle(const char* call, Context** handle) {
  return library_entry(call, [&] {
    if (!handle) return CUBLAS_STATUS_INVALID_VALUE;
    *handle = registry<Context>().add();
    return CUBLAS_STATUS_SUCCESS;
  });
}

template <class Context>
cublasStatus_t destroy_handle(const char* call, Context* handle) {
  return handle_entry(call, handle, [](Context& context) {
    registry<Context>().remove(&context);
    return CUBLAS_STATUS_SUCCESS;
  });
}

/// Returns `status`; if the environment variable CUBLASLT_LOG_LEVEL is not 0, says why on stderr.
cublasStatus_t refuse(cublasStatus_t status, const std::string& why);
/// refuse(CUBLAS_STATUS_INVALID_VALUE, why)
cublasStatus_t invalid(const std::string& why);
/// refuse(CUBLAS_STATUS_NOT_SUPPORTED, why)
cublasStatus_t unsupported(const std::string& why);
/// The same for types that do not go together; reported if it is only the emulator that lacks one:
/// integers and complex numbers.
cublasStatus_t unsupported_types(const std::string& call, cublasComputeType_t compute,
                                 cudaDataType factors, cudaDataType result);

/// Gives an attribute of cuBLASLt to the program, or, if it has room for 0 bytes, its size.
cublasStatus_t give_attribute(const void* value, std::size_t size, void* to, std::size_t room,
                              std::size_t* written);

/// The types the libraries multiply: cuBLAS documentation, cublasLtMatmul() and cublasGemmEx(),
/// "supported data types", without integers, complex numbers and 8-bit floats.
bool is_supported(cublasComputeType_t compute, cudaDataType scale, cudaDataType factors,
                  cudaDataType result);
/// The type of alpha and beta that goes with a compute type.
cudaDataType scale_type(cublasComputeType_t compute);
/// How float32 factors are rounded. The _FAST_ types allow the library to round; the emulator does.
Rounding32 rounding_of(cublasComputeType_t compute, cudaDataType factors);

}  // namespace emulator
