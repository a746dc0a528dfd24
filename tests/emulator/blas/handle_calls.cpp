// SPDX-License-Identifier: MIT
// Handles, versions and names of cuBLAS, and what both libraries agree on.
#include "tests/emulator/blas/handle.h"

#include <cstdio>
#include <cstdlib>

using namespace emulator;

namespace emulator {

Registry<cublasContext>& blas_handles() {
  static auto* const result = new Registry<cublasContext>;
  return *result;
}

Registry<cublasLtContext>& lt_handles() {
  static auto* const result = new Registry<cublasLtContext>;
  return *result;
}

cublasStatus_t refuse(cublasStatus_t status, const std::string& why) {
  const char* const level = std::getenv("CUBLASLT_LOG_LEVEL");
  if (level && std::atoi(level) > 0) {
    std::fprintf(stderr, "ptxrun: %s: %s\n", cublasGetStatusName(status), why.c_str());
  }
  return status;
}

bool is_supported(cublasComputeType_t compute, cudaDataType scale, cudaDataType factors,
                  cudaDataType result) {
  if (scale != scale_type(compute)) return false;
  switch (compute) {
    case CUBLAS_COMPUTE_16F:
    case CUBLAS_COMPUTE_16F_PEDANTIC:
      return factors == CUDA_R_16F && result == CUDA_R_16F;
    case CUBLAS_COMPUTE_32F:
    case CUBLAS_COMPUTE_32F_PEDANTIC:
      if (factors != CUDA_R_16F && factors != CUDA_R_16BF && factors != CUDA_R_32F) return false;
      return result == CUDA_R_32F || result == factors;
    case CUBLAS_COMPUTE_32F_FAST_16F:
    case CUBLAS_COMPUTE_32F_FAST_16BF:
    case CUBLAS_COMPUTE_32F_FAST_TF32:
    case CUBLAS_COMPUTE_32F_EMULATED_16BFX9:
      return factors == CUDA_R_32F && result == CUDA_R_32F;
    case CUBLAS_COMPUTE_64F:
    case CUBLAS_COMPUTE_64F_PEDANTIC:
    case CUBLAS_COMPUTE_64F_EMULATED_FIXEDPOINT:
      return factors == CUDA_R_64F && result == CUDA_R_64F;
    default:
      return false;
  }
}

cudaDataType scale_type(cublasComputeType_t compute) {
  switch (compute) {
    case CUBLAS_COMPUTE_16F:
    case CUBLAS_COMPUTE_16F_PEDANTIC:
      return CUDA_R_16F;
    case CUBLAS_COMPUTE_64F:
    case CUBLAS_COMPUTE_64F_PEDANTIC:
    case CUBLAS_COMPUTE_64F_EMULATED_FIXEDPOINT:
      return CUDA_R_64F;
    default:
      return CUDA_R_32F;
  }
}

Rounding32 rounding_of(cublasComputeType_t compute, cudaDataType factors) {
  if (factors != CUDA_R_32F) return Rounding32::none;
  switch (compute) {
    case CUBLAS_COMPUTE_32F_FAST_TF32:
      return Rounding32::tf32;
    case CUBLAS_COMPUTE_32F_FAST_16F:
      return Rounding32::half;
    case CUBLAS_COMPUTE_32F_FAST_16BF:
      return Rounding32::brain;
    default:
      return Rounding32::none;
  }
}

}  // namespace emulator

namespace {

// Sets or gets one member of a handle.
template <class T>
cublasStatus_t set(const char* call, cublasHandle_t handle, T cublasContext::*member, T value) {
  return handle_entry(call, handle, [&](cublasContext& context) {
    context.*member = value;
    return CUBLAS_STATUS_SUCCESS;
  });
}

template <class T>
cublasStatus_t get(const char* call, cublasHandle_t handle, T cublasContext::*member, T* value) {
  return handle_entry(call, handle, [&](cublasContext& context) {
    if (!value) return CUBLAS_STATUS_INVALID_VALUE;
    *value = context.*member;
    return CUBLAS_STATUS_SUCCESS;
  });
}

}  // namespace

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  return library_entry("cublasCreate", [&] {
    if (!handle) return CUBLAS_STATUS_INVALID_VALUE;
    *handle = blas_handles().add();
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  return handle_entry("cublasDestroy", handle, [](cublasContext& context) {
    blas_handles().remove(&context);
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  return handle_entry("cublasSetStream", handle, [&](cublasContext& context) {
    if (!find_stream(stream)) return CUBLAS_STATUS_INVALID_VALUE;
    context.stream = stream;
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasGetStream_v2(cublasHandle_t handle, cudaStream_t* stream) {
  return get("cublasGetStream", handle, &cublasContext::stream, stream);
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, std::size_t) {
  return handle_entry("cublasSetWorkspace", handle, [&](cublasContext&) {
    const bool aligned = reinterpret_cast<std::uintptr_t>(workspace) % 256 == 0;
    return aligned ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
  });
}

cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t mode) {
  if (mode != CUBLAS_POINTER_MODE_HOST && mode != CUBLAS_POINTER_MODE_DEVICE) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  return set("cublasSetPointerMode", handle, &cublasContext::pointer_mode, mode);
}

cublasStatus_t cublasGetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t* mode) {
  return get("cublasGetPointerMode", handle, &cublasContext::pointer_mode, mode);
}

cublasStatus_t cublasSetAtomicsMode(cublasHandle_t handle, cublasAtomicsMode_t mode) {
  return set("cublasSetAtomicsMode", handle, &cublasContext::atomics_mode, mode);
}

cublasStatus_t cublasGetAtomicsMode(cublasHandle_t handle, cublasAtomicsMode_t* mode) {
  return get("cublasGetAtomicsMode", handle, &cublasContext::atomics_mode, mode);
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
  return set("cublasSetMathMode", handle, &cublasContext::math_mode, mode);
}

cublasStatus_t cublasGetMathMode(cublasHandle_t handle, cublasMath_t* mode) {
  return get("cublasGetMathMode", handle, &cublasContext::math_mode, mode);
}

cublasStatus_t cublasSetSmCountTarget(cublasHandle_t handle, int count) {
  if (count < 0) return CUBLAS_STATUS_INVALID_VALUE;
  return set("cublasSetSmCountTarget", handle, &cublasContext::multiprocessors, count);
}

cublasStatus_t cublasGetSmCountTarget(cublasHandle_t handle, int* count) {
  return get("cublasGetSmCountTarget", handle, &cublasContext::multiprocessors, count);
}

cublasStatus_t cublasGetVersion_v2(cublasHandle_t, int* version) {
  if (!version) return CUBLAS_STATUS_INVALID_VALUE;
  *version = CUBLAS_VERSION;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetProperty(libraryPropertyType type, int* value) {
  if (!value || type > PATCH_LEVEL) return CUBLAS_STATUS_INVALID_VALUE;
  *value = type == MAJOR_VERSION   ? CUBLAS_VER_MAJOR
           : type == MINOR_VERSION ? CUBLAS_VER_MINOR
                                   : CUBLAS_VER_PATCH;
  return CUBLAS_STATUS_SUCCESS;
}

std::size_t cublasGetCudartVersion() { return CUDART_VERSION; }

const char* cublasGetStatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED:
      return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_ARCH_MISMATCH:
      return "CUBLAS_STATUS_ARCH_MISMATCH";
    case CUBLAS_STATUS_MAPPING_ERROR:
      return "CUBLAS_STATUS_MAPPING_ERROR";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_INTERNAL_ERROR:
      return "CUBLAS_STATUS_INTERNAL_ERROR";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
    case CUBLAS_STATUS_LICENSE_ERROR:
      return "CUBLAS_STATUS_LICENSE_ERROR";
    default:
      return "CUBLAS_STATUS_UNKNOWN";
  }
}

const char* cublasGetStatusString(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "success";
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "the library was not initialized";
    case CUBLAS_STATUS_ALLOC_FAILED:
      return "the resource allocation failed";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "an invalid value was used as a parameter";
    case CUBLAS_STATUS_ARCH_MISMATCH:
      return "an absent device architectural feature is required";
    case CUBLAS_STATUS_MAPPING_ERROR:
      return "an access to GPU memory space failed";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "the function failed to launch on the GPU";
    case CUBLAS_STATUS_INTERNAL_ERROR:
      return "an internal operation failed";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "the functionality is not supported";
    case CUBLAS_STATUS_LICENSE_ERROR:
      return "the requested functionality needs a license";
    default:
      return "unknown status";
  }
}

cublasStatus_t cublasLoggerConfigure(int, int, int, const char*) { return CUBLAS_STATUS_SUCCESS; }

}  // extern "C"
