// SPDX-License-Identifier: MIT
// cuBLASLt's handles, algorithms and products.
#include "tests/emulator/blas/matmul.h"
#include "tests/emulator/report/report.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

using namespace emulator;

namespace {

std::uint64_t address(const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); }

// The largest power of 2, up to 16 bytes, the widest access, that divides `bytes`.
std::uint8_t alignment_of(std::uint64_t bytes) {
  return static_cast<std::uint8_t>(std::uint64_t{1} << std::countr_zero(bytes | 16));
}

std::uint8_t alignment_of(const LayoutDescriptor& layout, std::uint32_t promised) {
  const std::int64_t size = bytes_of(static_cast<cudaDataType>(layout.type));
  const std::int64_t steps = layout.batch > 1 ? layout.ld | layout.batch_step : layout.ld;
  return alignment_of(promised | static_cast<std::uint64_t>(steps * size));
}

Algorithm make_algorithm(std::int32_t id, const Matmul& matmul,
                         const PreferenceDescriptor& preference) {
  return {.id = id,
          .alignment = {alignment_of(matmul.a, preference.alignment_a),
                        alignment_of(matmul.b, preference.alignment_b),
                        alignment_of(matmul.c, preference.alignment_c),
                        alignment_of(matmul.d, preference.alignment_d),
                        alignment_of(address(matmul.how.bias)),
                        alignment_of(address(matmul.how.auxiliary))}};
}

cublasLtMatmulAlgo_t pack(const Algorithm& algorithm) {
  static_assert(sizeof(Algorithm) <= sizeof(cublasLtMatmulAlgo_t));
  cublasLtMatmulAlgo_t result = {};
  std::memcpy(&result, &algorithm, sizeof algorithm);
  return result;
}

bool unpack(const cublasLtMatmulAlgo_t* packed, Algorithm& algorithm) {
  if (!packed) return false;
  std::memcpy(static_cast<void*>(&algorithm), packed, sizeof algorithm);
  return algorithm.magic == Algorithm::kMagic;
}

// A pointer below the alignment its algorithm was chosen for: a real kernel faults or the call
// fails.
bool is_aligned(const char* name, const void* pointer, std::uint8_t alignment) {
  if (address(pointer) % alignment == 0) return true;
  report(Check::library, std::string("cublasLtMatmul: ") + name + " is aligned to " +
                             std::to_string(alignment_of(address(pointer))) +
                             " bytes, but its algorithm was chosen for " +
                             std::to_string(alignment));
  return false;
}

Matrix matrix(const char* name, const void* data, const LayoutDescriptor& layout) {
  const bool by_rows = layout.order == CUBLASLT_ORDER_ROW;
  const auto rows = static_cast<std::int64_t>(layout.rows);
  const auto columns = static_cast<std::int64_t>(layout.columns);
  return {name,
          address(data),
          static_cast<cudaDataType>(layout.type),
          by_rows ? columns : rows,
          by_rows ? rows : columns,
          layout.ld,
          by_rows,
          layout.batch_step};
}

Matrix auxiliary_matrix(const Matmul& matmul) {
  const MatmulDescriptor& how = matmul.how;
  const auto type = static_cast<cudaDataType>(matmul.d.type);
  if (!matmul.is_masked()) {
    return {"the auxiliary matrix",
            address(how.auxiliary),
            type,
            matmul.m,
            matmul.n,
            how.auxiliary_ld,
            false,
            how.auxiliary_batch_step};
  }
  // Written in words of 128 bits.
  const std::int64_t bytes = matmul.has(kRelu) ? (matmul.m + 127) / 128 * 16 : (matmul.m + 7) / 8;
  return {"the mask", address(how.auxiliary), CUDA_R_8U, bytes,
          matmul.n,   how.auxiliary_ld / 8,   false,     how.auxiliary_batch_step / 8};
}

Matrix bias_vector(const Matmul& matmul) {
  const std::int64_t length = matmul.has(kBiasGradientB) ? matmul.n : matmul.m;
  Matrix result =
      as_matrix("the bias", matmul.how.bias, static_cast<cudaDataType>(matmul.d.type), length, 1);
  result.batch_step = matmul.how.bias_batch_step;
  return result;
}

Matrix factor(const char* name, const void* data, const LayoutDescriptor& layout,
              std::int32_t transpose) {
  const Matrix result = matrix(name, data, layout);
  return transpose == CUBLAS_OP_N ? result : result.transposed();
}

cublasStatus_t invalid(const char* why) {
  return refuse(CUBLAS_STATUS_INVALID_VALUE, std::string("cublasLtMatmul: ") + why);
}

}  // namespace

std::size_t Algorithm::workspace(const Matmul& matmul) const {
  if (id != kSplit) return 0;
  const std::int64_t element = matmul.how.scale_type == CUDA_R_64F ? 8 : 4;
  return static_cast<std::size_t>((matmul.m * matmul.n * matmul.d.batch * element + 255) / 256 *
                                  256);
}

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  return library_entry("cublasLtCreate", [&] {
    if (!handle) return CUBLAS_STATUS_INVALID_VALUE;
    *handle = lt_handles().add();
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  return library_entry("cublasLtDestroy", [&] {
    cublasLtContext* const context = lt_handles().find(handle);
    if (!context) return CUBLAS_STATUS_NOT_INITIALIZED;
    lt_handles().remove(context);
    return CUBLAS_STATUS_SUCCESS;
  });
}

const char* cublasLtGetStatusName(cublasStatus_t status) { return cublasGetStatusName(status); }
const char* cublasLtGetStatusString(cublasStatus_t status) { return cublasGetStatusString(status); }
std::size_t cublasLtGetVersion() { return CUBLAS_VERSION; }
std::size_t cublasLtGetCudartVersion() { return CUDART_VERSION; }
cublasStatus_t cublasLtGetProperty(libraryPropertyType type, int* value) {
  return cublasGetProperty(type, value);
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t how,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t wishes, int wanted,
                                              cublasLtMatmulHeuristicResult_t results[],
                                              int* count) {
  return library_entry("cublasLtMatmulAlgoGetHeuristic", [&] {
    if (count) *count = 0;
    if (!lt_handles().find(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
    const auto* const preference = find_descriptor<PreferenceDescriptor>(wishes);
    if (!preference || wanted <= 0 || !results || !count)
      return invalid("a null or empty argument");
    Matmul matmul;
    const cublasStatus_t status = read_matmul(how, a, b, c, d, matmul);
    if (status != CUBLAS_STATUS_SUCCESS) return status;
    if (preference->search != CUBLASLT_SEARCH_BEST_FIT) return CUBLAS_STATUS_NOT_SUPPORTED;
    for (const std::int32_t id : {Algorithm::kSplit, Algorithm::kPlain}) {
      const Algorithm algorithm = make_algorithm(id, matmul, *preference);
      const std::size_t workspace = algorithm.workspace(matmul);
      const bool reduces = id == Algorithm::kSplit;
      if (*count == wanted || workspace > preference->workspace) continue;
      if (reduces && !(preference->reductions & CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE)) continue;
      cublasLtMatmulHeuristicResult_t& result = results[(*count)++];
      result = {};
      result.algo = pack(algorithm);
      result.workspaceSize = workspace;
      result.state = CUBLAS_STATUS_SUCCESS;
      result.wavesCount = 1;
    }
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasLtMatmulAlgoGetIds(cublasLtHandle_t handle, cublasComputeType_t compute,
                                        cudaDataType_t scale, cudaDataType_t a, cudaDataType_t b,
                                        cudaDataType_t c, cudaDataType_t d, int wanted, int ids[],
                                        int* count) {
  return library_entry("cublasLtMatmulAlgoGetIds", [&] {
    if (!lt_handles().find(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (wanted <= 0 || !ids || !count) return CUBLAS_STATUS_INVALID_VALUE;
    *count = 0;
    if (a != b || c != d || !is_supported(compute, scale, a, d)) return CUBLAS_STATUS_NOT_SUPPORTED;
    for (int id = Algorithm::kPlain; id <= Algorithm::kSplit && *count < wanted; ++id) {
      ids[(*count)++] = id;
    }
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasLtMatmulAlgoInit(cublasLtHandle_t handle, cublasComputeType_t compute,
                                      cudaDataType_t scale, cudaDataType_t a, cudaDataType_t b,
                                      cudaDataType_t c, cudaDataType_t d, int id,
                                      cublasLtMatmulAlgo_t* algorithm) {
  return library_entry("cublasLtMatmulAlgoInit", [&] {
    if (!lt_handles().find(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (!algorithm || id < Algorithm::kPlain || id > Algorithm::kSplit) {
      return CUBLAS_STATUS_INVALID_VALUE;
    }
    if (a != b || c != d || !is_supported(compute, scale, a, d)) return CUBLAS_STATUS_NOT_SUPPORTED;
    *algorithm = pack({.id = id});
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t handle, cublasLtMatmulDesc_t how,
                                       cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                       cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                       const cublasLtMatmulAlgo_t* packed,
                                       cublasLtMatmulHeuristicResult_t* result) {
  return library_entry("cublasLtMatmulAlgoCheck", [&] {
    if (!lt_handles().find(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
    Algorithm algorithm;
    if (!unpack(packed, algorithm) || !result) return invalid("the algorithm");
    Matmul matmul;
    const cublasStatus_t status = read_matmul(how, a, b, c, d, matmul);
    if (status != CUBLAS_STATUS_SUCCESS) return status;
    result->workspaceSize = algorithm.workspace(matmul);
    result->state = CUBLAS_STATUS_SUCCESS;
    result->wavesCount = 1;
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t how, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t* packed,
                              void* workspace, std::size_t workspace_bytes, cudaStream_t stream) {
  return library_entry("cublasLtMatmul", [&] {
    if (!lt_handles().find(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
    Matmul matmul;
    const cublasStatus_t status = read_matmul(how, a_layout, b_layout, c_layout, d_layout, matmul);
    if (status != CUBLAS_STATUS_SUCCESS) return status;
    if (!alpha || !beta || !a || !b || !d) return invalid("alpha, beta, A, B or D is null");
    const MatmulDescriptor& descriptor = matmul.how;
    const auto scale = static_cast<cudaDataType>(descriptor.scale_type);
    const bool on_device = descriptor.pointer_mode == CUBLASLT_POINTER_MODE_DEVICE;
    const Scalar times = make_scalar(beta, scale, on_device);
    if (!c && (on_device || times.value != 0)) return invalid("C is null, and beta may not be 0");
    if (c == d && matmul.c != matmul.d) {
      return invalid("C is D, but their layouts differ");
    }
    const bool has_bias = matmul.has(kBias) || matmul.writes_bias();
    if (has_bias && !descriptor.bias) return invalid("the bias pointer is null");
    if (matmul.has(kAuxiliary) && !descriptor.auxiliary)
      return invalid("the auxiliary pointer is null");
    Algorithm algorithm;
    if (packed && !unpack(packed, algorithm)) return invalid("the algorithm");
    const std::size_t needed = algorithm.workspace(matmul);
    if (needed > workspace_bytes || (needed > 0 && !workspace))
      return invalid("the workspace is too small");
    if (address(workspace) % 256 != 0) return invalid("the workspace is not aligned to 256 bytes");
    if (!is_aligned("matrix A", a, algorithm.alignment[0]) ||
        !is_aligned("matrix B", b, algorithm.alignment[1]) ||
        !is_aligned("matrix C", c, algorithm.alignment[2]) ||
        !is_aligned("matrix D", d, algorithm.alignment[3]) ||
        (has_bias && !is_aligned("the bias", descriptor.bias, algorithm.alignment[4])) ||
        (matmul.has(kAuxiliary) &&
         !is_aligned("the auxiliary matrix", descriptor.auxiliary, algorithm.alignment[5]))) {
      return CUBLAS_STATUS_INVALID_VALUE;
    }
    return enqueue(
        {.call = "cublasLtMatmul",
         .m = matmul.m,
         .n = matmul.n,
         .k = matmul.k,
         .batch = matmul.d.batch,
         .a = factor("matrix A", a, matmul.a, descriptor.transpose_a),
         .b = factor("matrix B", b, matmul.b, descriptor.transpose_b),
         .c = matrix("matrix C", c, matmul.c),
         .d = matrix("matrix D", d, matmul.d),
         .is_double = scale == CUDA_R_64F,
         .rounding = rounding_of(static_cast<cublasComputeType_t>(descriptor.compute_type),
                                 static_cast<cudaDataType>(matmul.a.type)),
         .alpha = make_scalar(alpha, scale, on_device),
         .beta = times,
         .epilogue = descriptor.epilogue,
         .bias = bias_vector(matmul),
         .auxiliary = auxiliary_matrix(matmul),
         .workspace = address(workspace),
         .workspace_bytes = needed},
        stream);
  });
}

}  // extern "C"
