// SPDX-License-Identifier: MIT
// Handles and statuses of cuBLAS, and what both libraries agree on.
#include "tests/emulator/blas/handle.h"
#include "tests/emulator/report/report.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

using namespace emulator;

namespace {

// The ways to compute.
struct Way {
  cublasComputeType_t compute;
  cudaDataType scale;
  Rounding32 rounding;
};
constexpr Way kWays[] = {
    {CUBLAS_COMPUTE_16F, CUDA_R_16F, Rounding32::none},
    {CUBLAS_COMPUTE_16F_PEDANTIC, CUDA_R_16F, Rounding32::none},
    {CUBLAS_COMPUTE_32F, CUDA_R_32F, Rounding32::none},
    {CUBLAS_COMPUTE_32F_PEDANTIC, CUDA_R_32F, Rounding32::none},
    {CUBLAS_COMPUTE_32F_FAST_16F, CUDA_R_32F, Rounding32::half},
    {CUBLAS_COMPUTE_32F_FAST_16BF, CUDA_R_32F, Rounding32::brain},
    {CUBLAS_COMPUTE_32F_FAST_TF32, CUDA_R_32F, Rounding32::tf32},
    {CUBLAS_COMPUTE_64F, CUDA_R_64F, Rounding32::none},
    {CUBLAS_COMPUTE_64F_PEDANTIC, CUDA_R_64F, Rounding32::none},
};

const Way* find_way(cublasComputeType_t compute) {
  for (const Way& way : kWays) {
    if (way.compute == compute) return &way;
  }
  return nullptr;
}

struct Text {
  cublasStatus_t status;
  const char* name;
  const char* text;
};
constexpr Text kTexts[] = {
    {CUBLAS_STATUS_SUCCESS, "CUBLAS_STATUS_SUCCESS", "success"},
    {CUBLAS_STATUS_NOT_INITIALIZED, "CUBLAS_STATUS_NOT_INITIALIZED",
     "the library was not initialized"},
    {CUBLAS_STATUS_ALLOC_FAILED, "CUBLAS_STATUS_ALLOC_FAILED", "the resource allocation failed"},
    {CUBLAS_STATUS_INVALID_VALUE, "CUBLAS_STATUS_INVALID_VALUE",
     "an invalid value was used as a parameter"},
    {CUBLAS_STATUS_ARCH_MISMATCH, "CUBLAS_STATUS_ARCH_MISMATCH",
     "an absent device architectural feature is required"},
    {CUBLAS_STATUS_MAPPING_ERROR, "CUBLAS_STATUS_MAPPING_ERROR",
     "an access to GPU memory space failed"},
    {CUBLAS_STATUS_EXECUTION_FAILED, "CUBLAS_STATUS_EXECUTION_FAILED",
     "the function failed to launch on the GPU"},
    {CUBLAS_STATUS_INTERNAL_ERROR, "CUBLAS_STATUS_INTERNAL_ERROR", "an internal operation failed"},
    {CUBLAS_STATUS_NOT_SUPPORTED, "CUBLAS_STATUS_NOT_SUPPORTED",
     "the functionality is not supported"},
};
constexpr Text kUnknown = {CUBLAS_STATUS_SUCCESS, "CUBLAS_STATUS_UNKNOWN", "unknown status"};

const Text& find_text(cublasStatus_t status) {
  for (const Text& text : kTexts) {
    if (text.status == status) return text;
  }
  return kUnknown;
}

// Sets or gets one member of a handle, which is made of some bits.
template <class T>
cublasStatus_t set(const char* call, cublasHandle_t handle, T cublasContext::*member, T value,
                   unsigned bits) {
  return handle_entry(call, handle, [&](cublasContext& context) {
    if (static_cast<unsigned>(value) & ~bits) return invalid(call);
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

namespace emulator {

cublasStatus_t forced_status(std::string_view call) {
  const auto has = [&](std::initializer_list<const char*> parts) {
    return std::ranges::any_of(parts, [&](auto part) { return call.find(part) != call.npos; });
  };
  if (has({"Create"})) return CUBLAS_STATUS_ALLOC_FAILED;
  if (has({"Heuristic"})) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (has({"etVector", "etMatrix"})) return CUBLAS_STATUS_MAPPING_ERROR;
  const bool computes =
      has({"gem", "Gem", "nrm2", "dot", "scal", "axpy"}) || call == "cublasLtMatmul";
  return computes ? CUBLAS_STATUS_EXECUTION_FAILED : CUBLAS_STATUS_INTERNAL_ERROR;
}

cublasStatus_t refuse(cublasStatus_t status, const std::string& why) {
  const char* const level = std::getenv("CUBLASLT_LOG_LEVEL");
  if (level && std::atoi(level) > 0) {
    std::fprintf(stderr, "ptxrun: %s: %s\n", find_text(status).name, why.c_str());
  }
  return status;
}
cublasStatus_t invalid(const std::string& why) { return refuse(CUBLAS_STATUS_INVALID_VALUE, why); }
cublasStatus_t unsupported(const std::string& why) {
  return refuse(CUBLAS_STATUS_NOT_SUPPORTED, why);
}

cublasStatus_t give_attribute(const void* value, std::size_t size, void* to, std::size_t room,
                              std::size_t* written) {
  if (room == 0 ? !written : !to || room != size) return CUBLAS_STATUS_INVALID_VALUE;
  if (room != 0) std::memcpy(to, value, size);
  if (written) *written = size;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t unsupported_types(const std::string& call, cublasComputeType_t compute,
                                 cudaDataType factors, cudaDataType result) {
  // The 8-bit floats are not those of this architecture.
  const auto is_missing = [](cudaDataType type) {
    return bytes_of(type) < 2 && type < CUDA_R_8F_E4M3;
  };
  const bool integers = compute == CUBLAS_COMPUTE_32I || compute == CUBLAS_COMPUTE_32I_PEDANTIC;
  if (integers || is_missing(factors) || is_missing(result)) {
    report(Check::unsupported, call + ": only products of real floating-point types are emulated");
  }
  return unsupported(call + ": this combination of types");
}

bool is_supported(cublasComputeType_t compute, cudaDataType scale, cudaDataType factors,
                  cudaDataType result) {
  const Way* const way = find_way(compute);
  if (!way || scale != way->scale) return false;
  if (scale != CUDA_R_32F || way->rounding != Rounding32::none) {
    return factors == scale && result == scale;
  }
  const bool known = factors == CUDA_R_16F || factors == CUDA_R_16BF || factors == CUDA_R_32F;
  return known && (result == CUDA_R_32F || result == factors);
}

cudaDataType scale_type(cublasComputeType_t compute) {
  const Way* const way = find_way(compute);
  return way ? way->scale : CUDA_R_32F;
}

Rounding32 rounding_of(cublasComputeType_t compute, cudaDataType factors) {
  const Way* const way = factors == CUDA_R_32F ? find_way(compute) : nullptr;
  return way ? way->rounding : Rounding32::none;
}

}  // namespace emulator

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  return create_handle("cublasCreate", handle);
}
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  return destroy_handle("cublasDestroy", handle);
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
  return set("cublasSetPointerMode", handle, &cublasContext::pointer_mode, mode,
             CUBLAS_POINTER_MODE_DEVICE);
}
cublasStatus_t cublasGetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t* mode) {
  return get("cublasGetPointerMode", handle, &cublasContext::pointer_mode, mode);
}
cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
  // Without those that emulate products by other types.
  constexpr unsigned kModes = CUBLAS_TENSOR_OP_MATH | CUBLAS_PEDANTIC_MATH |
                              CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
  return set("cublasSetMathMode", handle, &cublasContext::math_mode, mode, kModes);
}
cublasStatus_t cublasGetMathMode(cublasHandle_t handle, cublasMath_t* mode) {
  return get("cublasGetMathMode", handle, &cublasContext::math_mode, mode);
}

cublasStatus_t cublasGetVersion_v2(cublasHandle_t, int* version) {
  return library_entry("cublasGetVersion", [&] {
    if (!version) return CUBLAS_STATUS_INVALID_VALUE;
    *version = CUBLAS_VERSION;
    return CUBLAS_STATUS_SUCCESS;
  });
}
std::size_t cublasLtGetVersion() { return CUBLAS_VERSION; }

const char* cublasGetStatusName(cublasStatus_t status) { return find_text(status).name; }
const char* cublasGetStatusString(cublasStatus_t status) { return find_text(status).text; }
const char* cublasLtGetStatusName(cublasStatus_t status) { return find_text(status).name; }
const char* cublasLtGetStatusString(cublasStatus_t status) { return find_text(status).text; }

}  // extern "C"
