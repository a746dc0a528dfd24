// SPDX-License-Identifier: MIT
// cuBLASLt: what it refuses, its algorithms, and its calls in graphs.
// case rules_of_shapes: clean
// case rules_of_types: clean
// case rules_of_epilogues: clean
// case rules_of_calls: clean
// case algorithms: clean
// case attributes: clean
// case captured: clean
// case failing: clean with --fail cublasLtMatmul:2
// case refused: clean
#include "tests/emulator/tests/features/blas.h"

namespace {

constexpr auto kSuccess = CUBLAS_STATUS_SUCCESS, kInvalid = CUBLAS_STATUS_INVALID_VALUE,
               kUnsupported = CUBLAS_STATUS_NOT_SUPPORTED;

// What a product [8, 4] x [4, 16] becomes of a change.
template <class Change>
void expect(cublasStatus_t status, const char* what, Change change) {
  Lt lt;
  lt.shape(8, 16, 4);
  change(lt);
  require(lt.find() == status, what);
}

void by_rows(Lt& lt) {
  for (auto layout : {lt.c, lt.d}) {
    Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_ORDER, std::int32_t{CUBLASLT_ORDER_ROW});
    Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_LD, std::int64_t{16});
  }
}

void batches(Lt& lt) {
  for (auto layout : {lt.a, lt.b, lt.c, lt.d}) {
    Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, std::int32_t{2});
    Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, std::int64_t{128});
  }
}

void rules_of_shapes() {
  const auto layout = [](cublasStatus_t status, const char* what, cublasLtMatrixLayout_t Lt::*which,
                         cublasLtMatrixLayoutAttribute_t attribute, auto value) {
    expect(status, what, [&](Lt& lt) { Lt::set(lt.*which, attribute, value); });
  };
  const auto how = [](cublasStatus_t status, const char* what,
                      cublasLtMatmulDescAttributes_t attribute, std::int32_t value) {
    expect(status, what, [&](Lt& lt) { lt.set(attribute, value); });
  };
  const auto kRows = CUBLASLT_MATRIX_LAYOUT_ROWS, kColumns = CUBLASLT_MATRIX_LAYOUT_COLS,
             kLd = CUBLASLT_MATRIX_LAYOUT_LD, kType = CUBLASLT_MATRIX_LAYOUT_TYPE,
             kOrder = CUBLASLT_MATRIX_LAYOUT_ORDER, kBatch = CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT;
  expect(kSuccess, "nothing", [](Lt&) {});
  layout(kInvalid, "no rows", &Lt::a, kRows, std::uint64_t{0});
  layout(kInvalid, "no columns", &Lt::b, kColumns, std::uint64_t{0});
  layout(kInvalid, "ld of A", &Lt::a, kLd, std::int64_t{7});
  layout(kInvalid, "ld of D", &Lt::d, kLd, std::int64_t{0});
  layout(kSuccess, "C is one column", &Lt::c, kLd, std::int64_t{0});
  layout(kInvalid, "ld of C", &Lt::c, kLd, std::int64_t{7});
  layout(kInvalid, "k of B", &Lt::b, kRows, std::uint64_t{3});
  layout(kInvalid, "rows of D", &Lt::d, kRows, std::uint64_t{7});
  layout(kInvalid, "columns of D", &Lt::d, kColumns, std::uint64_t{15});
  layout(kInvalid, "columns of C", &Lt::c, kColumns, std::uint64_t{15});
  layout(kInvalid, "batch of A", &Lt::a, kBatch, std::int32_t{2});
  layout(kInvalid, "no batch", &Lt::a, kBatch, std::int32_t{0});
  layout(kInvalid, "type of C", &Lt::c, kType, std::uint32_t{CUDA_R_16F});
  layout(kInvalid, "order of C", &Lt::c, kOrder, std::int32_t{CUBLASLT_ORDER_ROW});
  layout(kUnsupported, "order of A", &Lt::a, kOrder, std::int32_t{CUBLASLT_ORDER_COL32});
  layout(kUnsupported, "type of A", &Lt::a, kType, std::uint32_t{CUDA_R_16F});
  how(kInvalid, "transpose", CUBLASLT_MATMUL_DESC_TRANSA, 7);
  how(kInvalid, "k of a transposed A", CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  how(kUnsupported, "pointer mode", CUBLASLT_MATMUL_DESC_POINTER_MODE,
      CUBLASLT_POINTER_MODE_DEVICE_VECTOR);
  how(kUnsupported, "scale", CUBLASLT_MATMUL_DESC_SCALE_TYPE, CUDA_R_64F);
  how(kUnsupported, "compute", CUBLASLT_MATMUL_DESC_COMPUTE_TYPE, CUBLAS_COMPUTE_64F);
  expect(kInvalid, "no layout", [](Lt& lt) {
    check(cublasLtMatrixLayoutDestroy(lt.d));
    lt.d = nullptr;
  });
}

// Each row of the documentation's table of types, and what is not in it.
void rules_of_types() {
  const auto types = [](cublasStatus_t status, cublasComputeType_t compute, cudaDataType scale,
                        cudaDataType factors, cudaDataType result) {
    Lt lt(compute, scale);
    lt.shape(8, 16, 4, factors);
    for (auto layout : {lt.c, lt.d}) {
      Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_TYPE, static_cast<std::uint32_t>(result));
    }
    require(lt.find() == status, "types");
  };
  constexpr auto kHalf = CUDA_R_16F, kBrain = CUDA_R_16BF, kFloat = CUDA_R_32F,
                 kDouble = CUDA_R_64F;
  for (const auto compute : {CUBLAS_COMPUTE_16F, CUBLAS_COMPUTE_16F_PEDANTIC}) {
    types(kSuccess, compute, kHalf, kHalf, kHalf);
    types(kUnsupported, compute, kHalf, kHalf, kFloat);
    types(kUnsupported, compute, kFloat, kHalf, kHalf);
  }
  for (const auto compute : {CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_PEDANTIC}) {
    for (const auto factors : {kHalf, kBrain}) {
      types(kSuccess, compute, kFloat, factors, factors);
      types(kSuccess, compute, kFloat, factors, kFloat);
    }
    types(kSuccess, compute, kFloat, kFloat, kFloat);
    types(kUnsupported, compute, kFloat, kFloat, kHalf);
    types(kUnsupported, compute, kFloat, kHalf, kBrain);
  }
  for (const auto compute :
       {CUBLAS_COMPUTE_32F_FAST_16F, CUBLAS_COMPUTE_32F_FAST_16BF, CUBLAS_COMPUTE_32F_FAST_TF32}) {
    types(kSuccess, compute, kFloat, kFloat, kFloat);
    types(kUnsupported, compute, kFloat, kHalf, kHalf);
  }
  for (const auto compute : {CUBLAS_COMPUTE_64F, CUBLAS_COMPUTE_64F_PEDANTIC}) {
    types(kSuccess, compute, kDouble, kDouble, kDouble);
    types(kUnsupported, compute, kDouble, kFloat, kFloat);
  }
}

void rules_of_epilogues() {
  float* p = device<float>(1);
  const auto epilogue = [&](cublasStatus_t status, const char* what, cublasLtEpilogue_t value,
                            std::int64_t ld, auto change) {
    expect(status, what, [&](Lt& lt) {
      lt.epilogue(value, p, p, ld);
      change(lt);
    });
  };
  const auto none = [](Lt&) {};
  const auto one_k = [](Lt& lt) {
    Lt::set(lt.a, CUBLASLT_MATRIX_LAYOUT_COLS, std::uint64_t{1});
    Lt::set(lt.b, CUBLASLT_MATRIX_LAYOUT_ROWS, std::uint64_t{1});
  };
  const auto type = [](cublasLtMatmulDescAttributes_t which) {
    return [=](Lt& lt) { lt.set(which, std::int32_t{CUDA_R_16F}); };
  };
  const auto stride = [](cublasLtMatmulDescAttributes_t which, std::int64_t step) {
    return [=](Lt& lt) {
      batches(lt);
      lt.set(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE, std::int64_t{16});
      lt.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE, std::int64_t{2048});
      lt.set(which, step);
    };
  };
  const auto kBiasStride = CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE,
             kAuxStride = CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE,
             kBiasType = CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE,
             kAuxType = CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_DATA_TYPE;
  expect(kInvalid, "unknown",
         [](Lt& lt) { lt.set(CUBLASLT_MATMUL_DESC_EPILOGUE, std::uint32_t{3}); });
  for (const auto masked : {CUBLASLT_EPILOGUE_RELU_AUX, CUBLASLT_EPILOGUE_RELU_AUX_BIAS,
                            CUBLASLT_EPILOGUE_DRELU, CUBLASLT_EPILOGUE_DRELU_BGRAD}) {
    epilogue(kSuccess, "mask", masked, 128, none);
    epilogue(kInvalid, "ld of the mask", masked, 64, none);
    epilogue(kInvalid, "ld of the mask below the rows", masked, 0, none);
    epilogue(kInvalid, "type of the mask", masked, 128, type(kAuxType));
    epilogue(kSuccess, "batch of masks", masked, 128, stride(kAuxStride, 2048));
    epilogue(kInvalid, "step of the masks", masked, 128, stride(kAuxStride, 64));
    epilogue(kUnsupported, "mask by rows", masked, 128, by_rows);
  }
  for (const auto kept : {CUBLASLT_EPILOGUE_GELU_AUX, CUBLASLT_EPILOGUE_GELU_AUX_BIAS,
                          CUBLASLT_EPILOGUE_DGELU, CUBLASLT_EPILOGUE_DGELU_BGRAD}) {
    epilogue(kSuccess, "kept input", kept, 8, none);
    epilogue(kInvalid, "ld of the input", kept, 12, none);
    epilogue(kInvalid, "ld of the input below the rows", kept, 0, none);
    epilogue(kInvalid, "type of the input", kept, 8, type(kAuxType));
    epilogue(kInvalid, "step of the inputs", kept, 8, stride(kAuxStride, 12));
    epilogue(kUnsupported, "input by rows", kept, 8, by_rows);
    expect(kInvalid, "pointer of the input", [&](Lt& lt) { lt.epilogue(kept, p, nullptr, 8); });
  }
  for (const auto forward : {CUBLASLT_EPILOGUE_RELU_AUX, CUBLASLT_EPILOGUE_GELU_AUX}) {
    epilogue(kInvalid, "one output for a batch", forward, 128, stride(kAuxStride, 0));
  }
  for (const auto backward : {CUBLASLT_EPILOGUE_DRELU, CUBLASLT_EPILOGUE_DRELU_BGRAD,
                              CUBLASLT_EPILOGUE_DGELU, CUBLASLT_EPILOGUE_DGELU_BGRAD}) {
    epilogue(kSuccess, "one input for a batch", backward, 128, stride(kAuxStride, 0));
    epilogue(kUnsupported, "k = 1", backward, 128, one_k);
  }
  for (const auto biased : {CUBLASLT_EPILOGUE_BIAS, CUBLASLT_EPILOGUE_RELU_BIAS,
                            CUBLASLT_EPILOGUE_GELU_BIAS, CUBLASLT_EPILOGUE_BGRADA}) {
    const bool combines =
        biased == CUBLASLT_EPILOGUE_RELU_BIAS || biased == CUBLASLT_EPILOGUE_GELU_BIAS;
    epilogue(combines ? kUnsupported : kSuccess, "bias by rows", biased, 0, by_rows);
    epilogue(kUnsupported, "type of the bias", biased, 0, type(kBiasType));
  }
  for (const auto gradient : {CUBLASLT_EPILOGUE_BGRADA, CUBLASLT_EPILOGUE_BGRADB,
                              CUBLASLT_EPILOGUE_DRELU_BGRAD, CUBLASLT_EPILOGUE_DGELU_BGRAD}) {
    epilogue(kSuccess, "gradients of a batch", gradient, 128, stride(kBiasStride, 16));
    epilogue(kInvalid, "one gradient for a batch", gradient, 128, stride(kBiasStride, 0));
  }
  for (const auto plain : {CUBLASLT_EPILOGUE_RELU, CUBLASLT_EPILOGUE_GELU}) {
    epilogue(kSuccess, "by rows", plain, 0, by_rows);
  }
  epilogue(kUnsupported, "BGRADB by rows", CUBLASLT_EPILOGUE_BGRADB, 0, by_rows);
  check(cudaFree(p));
}

// What only the call itself can refuse.
void rules_of_calls() {
  float* p = device<float>(4);
  Lt lt;
  lt.shape(1, 1, 1);
  check(lt.run(p, p, nullptr, p + 1));
  require(lt.run(p, p, nullptr, p + 1, 1, 1) == kInvalid, "C is null");
  require(lt.run(nullptr, p, p, p + 1) == kInvalid && lt.run(p, nullptr, p, p + 1) == kInvalid &&
              lt.run(p, p, p, nullptr) == kInvalid,
          "an operand is null");
  Lt::set(lt.c, CUBLASLT_MATRIX_LAYOUT_LD, std::int64_t{2});
  require(lt.run(p, p, p + 1, p + 1, 1, 1) == kInvalid, "C is D in another layout");
  check(lt.run(p, p, p + 2, p + 1, 1, 1));
  for (const auto one : {CUBLASLT_EPILOGUE_BIAS, CUBLASLT_EPILOGUE_BGRADA}) {
    lt.epilogue(one);
    require(lt.run(p, p, p + 2, p + 1) == kInvalid, "no bias pointer");
  }
  lt.epilogue(CUBLASLT_EPILOGUE_RELU_AUX, nullptr, nullptr, 128);
  require(lt.run(p, p, p + 2, p + 1) == kInvalid, "no mask pointer");
  const std::int32_t wide = 0;
  const auto narrow = [&](auto call, auto object, auto attribute) {
    return call(object, attribute, &wide, sizeof wide);
  };
  require(
      narrow(cublasLtMatmulDescSetAttribute, lt.how, CUBLASLT_MATMUL_DESC_BIAS_POINTER) ==
              kInvalid &&
          narrow(cublasLtMatrixLayoutSetAttribute, lt.a, CUBLASLT_MATRIX_LAYOUT_LD) == kInvalid &&
          narrow(cublasLtMatmulPreferenceSetAttribute, lt.preference,
                 CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES) == kInvalid,
      "size of an attribute");
  require(cublasLtDestroy(nullptr) == CUBLAS_STATUS_NOT_INITIALIZED, "no handle");
  check(cudaFree(p));
}

void algorithms() {
  Lt lt;
  lt.shape(8, 8, 8);
  float *a = device<float>(64), *b = device<float>(64), *d = device<float>(64);
  check(lt.find());
  require(lt.count == 1 && lt.found[0].workspaceSize == 0, "no workspace is allowed by default");
  lt.prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{1} << 20);
  check(lt.find());
  const std::size_t needed = lt.found[0].workspaceSize;
  require(lt.count == 2 && needed >= 256 && lt.found[1].workspaceSize == 0, "with a workspace");
  require(lt.run(a, b, nullptr, d) == CUBLAS_STATUS_INVALID_VALUE, "the workspace is missing");
  auto* workspace = device<char>(needed + 1);
  require(lt.run(a, b, nullptr, d, 1, 0, workspace, needed - 1) == CUBLAS_STATUS_INVALID_VALUE,
          "the workspace is too small");
  require(lt.run(a, b, nullptr, d, 1, 0, workspace + 1, needed) == CUBLAS_STATUS_INVALID_VALUE,
          "the workspace is not aligned");
  check(lt.run(a, b, nullptr, d, 1, 0, workspace, needed));
  lt.prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
            std::uint32_t{CUBLASLT_REDUCTION_SCHEME_NONE});
  check(lt.find());
  require(lt.count == 1 && lt.found[0].workspaceSize == 0, "no reduction is allowed");
  check(cudaFree(workspace));
  for (float* memory : {a, b, d}) check(cudaFree(memory));
}

// Descriptors in memory of the program, whose attributes can be asked for, as can an algorithm's.
void attributes() {
  cublasLtMatmulDescOpaque_t how;
  cublasLtMatrixLayoutOpaque_t layout;
  cublasLtMatmulPreferenceOpaque_t preference;
  check(cublasLtMatmulDescInit(&how, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  check(cublasLtMatrixLayoutInit(&layout, CUDA_R_32F, 4, 4, 5));
  check(cublasLtMatmulPreferenceInit(&preference));
  std::int64_t ld = 0;
  std::size_t bytes = 0;
  const auto get_ld = [&](void* to, std::size_t room, std::size_t* written) {
    return cublasLtMatrixLayoutGetAttribute(&layout, CUBLASLT_MATRIX_LAYOUT_LD, to, room, written);
  };
  check(get_ld(nullptr, 0, &bytes));
  require(bytes == sizeof ld, "the size of an attribute");
  check(get_ld(&ld, sizeof ld, nullptr));
  require(ld == 5, "an attribute");
  require(get_ld(&ld, 4, &bytes) == kInvalid && get_ld(nullptr, 8, &bytes) == kInvalid &&
              get_ld(nullptr, 0, nullptr) == kInvalid,
          "its size");
  const std::uint64_t workspace = 1 << 20;
  check(cublasLtMatmulPreferenceSetAttribute(&preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                             &workspace, sizeof workspace));

  cublasLtHandle_t handle;
  cublasLtMatmulHeuristicResult_t found[2];
  int count = 0, ids[2];
  check(cublasLtCreate(&handle));
  check(cublasLtMatmulAlgoGetHeuristic(handle, &how, &layout, &layout, &layout, &layout,
                                       &preference, 2, found, &count));
  require(count == 2, "algorithms that are found");
  check(cublasLtMatmulAlgoGetIds(handle, CUBLAS_COMPUTE_32F, CUDA_R_32F, CUDA_R_32F, CUDA_R_32F,
                                 CUDA_R_32F, CUDA_R_32F, 2, ids, &count));
  require(count == 2 && ids[0] != ids[1], "algorithms that there are");
  std::int32_t id = -1, splits = 0;
  check(cublasLtMatmulAlgoConfigGetAttribute(&found[0].algo, CUBLASLT_ALGO_CONFIG_ID, &id,
                                             sizeof id, &bytes));
  check(cublasLtMatmulAlgoConfigGetAttribute(&found[0].algo, CUBLASLT_ALGO_CONFIG_SPLITK_NUM,
                                             &splits, sizeof splits, &bytes));
  require((id == ids[0] || id == ids[1]) && splits == 2, "the one with a workspace splits k");
  check(cublasLtDestroy(handle));
}

void captured() {
  cudaStream_t stream;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  Lt lt;
  lt.shape(1, 1, 1);
  float *a = filled<float>(2), *b = filled<float>(3), *d = filled<float>(0);
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  check(cudaStreamSynchronize(nullptr));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  check(lt.run(a, b, d, d, 1, 1, nullptr, 0, stream));
  check(cudaStreamEndCapture(stream, &graph));
  check(cudaGraphInstantiate(&exec, graph, 0));
  const std::uint64_t before = counter("library_calls");
  for (int i = 0; i < 3; ++i) check(cudaGraphLaunch(exec, stream));
  check(cudaStreamSynchronize(stream));
  require(counter("library_calls") == before + 3, "every run is counted");
  require(take(d, 1)[0] == 18, "three replays, and no run while capturing");
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphDestroy(graph));
  check(cudaStreamDestroy(stream));
  check(cudaFree(a));
  check(cudaFree(b));
}

void failing() {
  Lt lt;
  lt.shape(1, 1, 1);
  float* p = filled<float>(1);
  float* d = device<float>(1);
  check(lt.run(p, p, nullptr, d));
  require(lt.run(p, p, nullptr, d) == CUBLAS_STATUS_EXECUTION_FAILED, "--fail");
  check(lt.run(p, p, nullptr, d));
  check(cudaFree(p));
  check(cudaFree(d));
}

// The environment names the epilogue that --refuse names.
void refused() {
  const char* const refused = std::getenv("REFUSED");
  const struct {
    cublasLtEpilogue_t value;
    const char* name;
  } epilogues[] = {{CUBLASLT_EPILOGUE_DEFAULT, "DEFAULT"},
                   {CUBLASLT_EPILOGUE_RELU, "RELU"},
                   {CUBLASLT_EPILOGUE_RELU_AUX, "RELU_AUX"},
                   {CUBLASLT_EPILOGUE_BIAS, "BIAS"},
                   {CUBLASLT_EPILOGUE_RELU_BIAS, "RELU_BIAS"},
                   {CUBLASLT_EPILOGUE_RELU_AUX_BIAS, "RELU_AUX_BIAS"},
                   {CUBLASLT_EPILOGUE_DRELU, "DRELU"},
                   {CUBLASLT_EPILOGUE_DRELU_BGRAD, "DRELU_BGRAD"},
                   {CUBLASLT_EPILOGUE_GELU, "GELU"},
                   {CUBLASLT_EPILOGUE_GELU_AUX, "GELU_AUX"},
                   {CUBLASLT_EPILOGUE_GELU_BIAS, "GELU_BIAS"},
                   {CUBLASLT_EPILOGUE_GELU_AUX_BIAS, "GELU_AUX_BIAS"},
                   {CUBLASLT_EPILOGUE_DGELU, "DGELU"},
                   {CUBLASLT_EPILOGUE_DGELU_BGRAD, "DGELU_BGRAD"},
                   {CUBLASLT_EPILOGUE_BGRADA, "BGRADA"},
                   {CUBLASLT_EPILOGUE_BGRADB, "BGRADB"}};
  float* p = device<float>(64 * 64);
  int count = 0;
  for (const auto& [value, name] : epilogues) {
    Lt lt;
    lt.shape(8, 8, 8);
    lt.epilogue(value, p, p, 128);
    const bool is_refused = refused && std::strcmp(refused, name) == 0;
    require(lt.find() == (is_refused ? kUnsupported : kSuccess), name);
    float one = 1, zero = 0;
    require(
        cublasLtMatmul(lt.handle, lt.how, &one, p, lt.a, p, lt.b, &zero, p + 64, lt.c, p + 64, lt.d,
                       nullptr, nullptr, 0, nullptr) == (is_refused ? kUnsupported : kSuccess),
        name);
    if (is_refused) ++count;
  }
  require(count == (refused ? 1 : 0), "the refused epilogue");
  check(cudaFree(p));
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"rules_of_shapes", rules_of_shapes},
                   {"rules_of_types", rules_of_types},
                   {"rules_of_epilogues", rules_of_epilogues},
                   {"rules_of_calls", rules_of_calls},
                   {"algorithms", algorithms},
                   {"attributes", attributes},
                   {"captured", captured},
                   {"failing", failing},
                   {"refused", refused}});
}
