// SPDX-License-Identifier: MIT
// cuBLASLt: what it refuses, its algorithms, and its calls in graphs.
// case rules: clean
// case algorithms: clean
// case captured: clean
// case failing: clean with --fail cublasLtMatmul:2
// case refused: clean with --refuse RELU_AUX_BIAS --refuse BGRADB
#include "tests/emulator/tests/features/blas.h"

namespace {

void rules() {
  const auto refused = [](const char* what, cublasStatus_t status, int m, int n, int k,
                          auto change) {
    Lt lt;
    lt.shape(m, n, k);
    change(lt);
    require(lt.find() == status, what);
  };
  float* p = device<float>(1);
  const auto by_rows = [](Lt& lt) {
    for (auto layout : {lt.c, lt.d}) {
      Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_ORDER, std::int32_t{CUBLASLT_ORDER_ROW});
      Lt::set(layout, CUBLASLT_MATRIX_LAYOUT_LD, std::int64_t{16});
    }
  };
  const auto invalid = CUBLAS_STATUS_INVALID_VALUE, unsupported = CUBLAS_STATUS_NOT_SUPPORTED;
  refused("nothing", CUBLAS_STATUS_SUCCESS, 8, 16, 4, [](Lt&) {});
  refused("mask ld", invalid, 8, 16, 4,
          [&](Lt& lt) { lt.epilogue(CUBLASLT_EPILOGUE_RELU_AUX, nullptr, p, 64); });
  refused("mask below rows", invalid, 200, 16, 4,
          [&](Lt& lt) { lt.epilogue(CUBLASLT_EPILOGUE_RELU_AUX, nullptr, p, 128); });
  refused("gelu ld", invalid, 8, 16, 4,
          [&](Lt& lt) { lt.epilogue(CUBLASLT_EPILOGUE_GELU_AUX, nullptr, p, 12); });
  refused("gelu pointer", invalid, 8, 16, 4,
          [&](Lt& lt) { lt.epilogue(CUBLASLT_EPILOGUE_DGELU, nullptr, nullptr, 8); });
  refused("k = 1", unsupported, 8, 16, 1,
          [&](Lt& lt) { lt.epilogue(CUBLASLT_EPILOGUE_DRELU, nullptr, p, 128); });
  refused("bias by rows", CUBLAS_STATUS_SUCCESS, 8, 16, 4, [&](Lt& lt) {
    by_rows(lt);
    lt.epilogue(CUBLASLT_EPILOGUE_BIAS, p);
  });
  refused("relu and bias by rows", unsupported, 8, 16, 4, [&](Lt& lt) {
    by_rows(lt);
    lt.epilogue(CUBLASLT_EPILOGUE_RELU_BIAS, p);
  });
  refused("type of the bias", unsupported, 8, 16, 4, [&](Lt& lt) {
    lt.epilogue(CUBLASLT_EPILOGUE_BIAS, p);
    lt.set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, std::int32_t{CUDA_R_16F});
  });
  refused("unknown epilogue", invalid, 8, 16, 4,
          [](Lt& lt) { lt.set(CUBLASLT_MATMUL_DESC_EPILOGUE, std::uint32_t{3}); });
  refused("types", unsupported, 8, 16, 4,
          [](Lt& lt) { Lt::set(lt.a, CUBLASLT_MATRIX_LAYOUT_TYPE, std::uint32_t{CUDA_R_16F}); });
  refused("ld", invalid, 8, 16, 4,
          [](Lt& lt) { Lt::set(lt.a, CUBLASLT_MATRIX_LAYOUT_LD, std::int64_t{7}); });
  refused("k of B", invalid, 8, 16, 4,
          [](Lt& lt) { Lt::set(lt.b, CUBLASLT_MATRIX_LAYOUT_ROWS, std::uint64_t{3}); });
  refused("batch", invalid, 8, 16, 4,
          [](Lt& lt) { Lt::set(lt.a, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, std::int32_t{2}); });
  Lt lt;
  lt.shape(1, 1, 1);
  require(lt.run(p, p, nullptr, p, 1, 1) == invalid, "C is null");
  lt.epilogue(CUBLASLT_EPILOGUE_BGRADB);
  require(lt.run(p, p, p, p) == invalid, "no bias pointer");
  std::int32_t wide = 0;
  require(cublasLtMatmulDescSetAttribute(lt.how, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &wide,
                                         sizeof wide) == invalid,
          "size of an attribute");
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

void refused() {
  Lt lt;
  lt.shape(8, 8, 8);
  float* p = device<float>(8);
  lt.epilogue(CUBLASLT_EPILOGUE_RELU_AUX_BIAS, p, p, 128);
  require(lt.find() == CUBLAS_STATUS_NOT_SUPPORTED, "--refuse RELU_AUX_BIAS");
  lt.epilogue(CUBLASLT_EPILOGUE_BGRADB, p);
  require(lt.find() == CUBLAS_STATUS_NOT_SUPPORTED, "--refuse BGRADB");
  lt.epilogue(CUBLASLT_EPILOGUE_RELU_BIAS, p);
  require(lt.find() == CUBLAS_STATUS_SUCCESS, "others are not refused");
  check(cudaFree(p));
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"rules", rules},
                   {"algorithms", algorithms},
                   {"captured", captured},
                   {"failing", failing},
                   {"refused", refused}});
}
