// SPDX-License-Identifier: MIT
// cuBLASLt's handles, algorithms and products.
#include "tests/emulator/blas/matmul.h"
#include "tests/emulator/report/report.h"

#include <bit>
#include <cstring>
#include <iterator>
#include <utility>

using namespace emulator;

namespace {

std::uint64_t address(const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); }

// The largest power of 2, up to 16 bytes, the widest access, that divides `bytes`.
std::uint8_t alignment_of(std::uint64_t bytes) {
  return static_cast<std::uint8_t>(std::uint64_t{1} << std::countr_zero(bytes | 16));
}

std::uint8_t alignment_of(const LayoutDescriptor& layout, std::uint32_t promised) {
  const std::int64_t size = bytes_of(layout.type);
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
  report(Check::library,
         text("cublasLtMatmul: ", name, " is aligned to ", int{alignment_of(address(pointer))},
              " bytes, but its algorithm was chosen for ", int{alignment}));
  return false;
}

Matrix matrix(const char* name, const void* data, const LayoutDescriptor& layout,
              cublasOperation_t transpose = CUBLAS_OP_N) {
  const bool by_rows = layout.order == CUBLASLT_ORDER_ROW;
  const auto length = static_cast<std::int64_t>(by_rows ? layout.columns : layout.rows);
  const auto lines = static_cast<std::int64_t>(by_rows ? layout.rows : layout.columns);
  const Matrix result =
      column_major(name, data, layout.type, length, lines, layout.ld, layout.batch_step);
  return by_rows == (transpose == CUBLAS_OP_N) ? result.transposed() : result;
}

Matrix auxiliary_matrix(const Matmul& matmul) {
  const MatmulDescriptor& how = matmul.how;
  if (!matmul.is_masked()) {
    return column_major("the auxiliary matrix", how.auxiliary, matmul.d.type, matmul.m, matmul.n,
                        how.auxiliary_ld, how.auxiliary_batch_step);
  }
  // Written in words of 128 bits.
  const std::int64_t bytes = matmul.has(kRelu) ? (matmul.m + 127) / 128 * 16 : (matmul.m + 7) / 8;
  return column_major("the mask", how.auxiliary, CUDA_R_8U, bytes, matmul.n, how.auxiliary_ld / 8,
                      how.auxiliary_batch_step / 8);
}

Matrix bias_vector(const Matmul& matmul) {
  const std::int64_t length = matmul.has(kBiasGradientB) ? matmul.n : matmul.m;
  return column_major("the bias", matmul.how.bias, matmul.d.type, length, 1, length,
                      matmul.how.bias_batch_step);
}

cublasStatus_t refused(const char* why) { return invalid(std::string("cublasLtMatmul: ") + why); }

}  // namespace

std::size_t Algorithm::workspace(const Matmul& matmul) const {
  if (id != kSplit) return 0;
  const std::int64_t element = matmul.how.scale_type == CUDA_R_64F ? 8 : 4;
  return static_cast<std::size_t>((matmul.m * matmul.n * matmul.d.batch * element + 255) / 256 *
                                  256);
}

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  return create_handle("cublasLtCreate", handle);
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  return destroy_handle("cublasLtDestroy", handle);
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t how,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t wishes, int wanted,
                                              cublasLtMatmulHeuristicResult_t results[],
                                              int* count) {
  return handle_entry("cublasLtMatmulAlgoGetHeuristic", handle, [&](cublasLtContext&) {
    if (count) *count = 0;
    const auto* const preference = find_descriptor<PreferenceDescriptor>(wishes);
    if (!preference || wanted <= 0 || !results || !count) return refused("an empty argument");
    Matmul matmul;
    const cublasStatus_t status = read_matmul(how, a, b, c, d, matmul);
    if (status != CUBLAS_STATUS_SUCCESS) return status;
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
  return handle_entry("cublasLtMatmulAlgoGetIds", handle, [&](cublasLtContext&) {
    if (wanted <= 0 || !ids || !count) return refused("an empty argument");
    *count = 0;
    if (a != b || c != d || !is_supported(compute, scale, a, d)) {
      return unsupported_types("cublasLtMatmulAlgoGetIds", compute, a, d);
    }
    for (const std::int32_t id : {Algorithm::kPlain, Algorithm::kSplit}) {
      if (*count < wanted) ids[(*count)++] = id;
    }
    return CUBLAS_STATUS_SUCCESS;
  });
}

// Tiles, stages and the like are undefined: nothing here depends on them.
cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t* packed,
                                                    cublasLtMatmulAlgoConfigAttributes_t which,
                                                    void* to, std::size_t room,
                                                    std::size_t* written) {
  return library_entry("cublasLtMatmulAlgoConfigGetAttribute", [&] {
    Algorithm algorithm;
    if (!packed || !unpack(packed, algorithm)) return refused("the algorithm");
    if (which < CUBLASLT_ALGO_CONFIG_ID || which > CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID) {
      return refused("no such attribute of an algorithm");
    }
    const bool splits = algorithm.id == Algorithm::kSplit;
    std::uint32_t value = 0;
    if (which == CUBLASLT_ALGO_CONFIG_ID) value = static_cast<std::uint32_t>(algorithm.id);
    if (which == CUBLASLT_ALGO_CONFIG_SPLITK_NUM) value = splits ? 2 : 1;
    if (which == CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME && splits) {
      value = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    }
    const std::size_t size = which < CUBLASLT_ALGO_CONFIG_INNER_SHAPE_ID ? 4 : 2;
    return give_attribute(&value, size, to, room, written);
  });
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t descriptor,
                              const void* alpha, const void* a, cublasLtMatrixLayout_t a_layout,
                              const void* b, cublasLtMatrixLayout_t b_layout, const void* beta,
                              const void* c, cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t* packed,
                              void* workspace, std::size_t workspace_bytes, cudaStream_t stream) {
  return handle_entry("cublasLtMatmul", handle, [&](cublasLtContext&) {
    Matmul matmul;
    const cublasStatus_t status =
        read_matmul(descriptor, a_layout, b_layout, c_layout, d_layout, matmul);
    if (status != CUBLAS_STATUS_SUCCESS) return status;
    if (!alpha || !beta || !a || !b || !d) return refused("alpha, beta, A, B or D is null");
    const MatmulDescriptor& how = matmul.how;
    const cudaDataType scale = how.scale_type;
    const bool on_device = how.pointer_mode == CUBLASLT_POINTER_MODE_DEVICE;
    const Scalar times = make_scalar(beta, scale, on_device);
    if (!c && (on_device || times.value != 0)) return refused("C is null, and beta may not be 0");
    if (c == d && matmul.c != matmul.d) return refused("C is D, but their layouts differ");
    const bool has_bias = matmul.has(kBias) || matmul.writes_bias();
    if (has_bias && !how.bias) return refused("the bias pointer is null");
    if (matmul.has(kAuxiliary) && !how.auxiliary) return refused("the auxiliary pointer is null");
    Algorithm algorithm;
    if (packed && !unpack(packed, algorithm)) return refused("the algorithm");
    const std::size_t needed = algorithm.workspace(matmul);
    if (needed > workspace_bytes || (needed > 0 && !workspace)) {
      return refused("the workspace is too small");
    }
    if (address(workspace) % 256 != 0) return refused("the workspace is not aligned to 256 bytes");
    const std::pair<const char*, const void*> operands[] = {
        {"matrix A", a},
        {"matrix B", b},
        {"matrix C", c},
        {"matrix D", d},
        {"the bias", has_bias ? how.bias : nullptr},
        {"the auxiliary matrix", matmul.has(kAuxiliary) ? how.auxiliary : nullptr}};
    for (std::size_t i = 0; i < std::size(operands); ++i) {
      if (!is_aligned(operands[i].first, operands[i].second, algorithm.alignment[i])) {
        return CUBLAS_STATUS_INVALID_VALUE;
      }
    }
    Product product;
    product.call = "cublasLtMatmul";
    product.m = matmul.m;
    product.n = matmul.n;
    product.k = matmul.k;
    product.batch = matmul.d.batch;
    product.a = matrix("matrix A", a, matmul.a, how.transpose_a);
    product.b = matrix("matrix B", b, matmul.b, how.transpose_b);
    product.c = matrix("matrix C", c, matmul.c);
    product.d = matrix("matrix D", d, matmul.d);
    product.is_double = scale == CUDA_R_64F;
    product.rounding = rounding_of(how.compute_type, matmul.a.type);
    product.alpha = make_scalar(alpha, scale, on_device);
    product.beta = times;
    product.epilogue = how.epilogue;
    product.bias = bias_vector(matmul);
    product.auxiliary = auxiliary_matrix(matmul);
    product.workspace = address(workspace);
    product.workspace_bytes = needed;
    return enqueue(std::move(product), stream);
  });
}

}  // extern "C"
