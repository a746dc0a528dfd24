// SPDX-License-Identifier: MIT
#include "bench/gpu/probes.h"

#include <cstdio>

namespace kindling::bench {
namespace {

struct Epilogue {
  const char* name;
  cublasLtEpilogue_t epilogue;
  bool transpose_a;  // as in the product that the library asks it of
  bool transpose_b;
  const char* what_for;
};

constexpr bool N = false, T = true;

constexpr Epilogue kEpilogues[] = {
    {"DEFAULT", CUBLASLT_EPILOGUE_DEFAULT, N, T, "products"},
    {"BIAS", CUBLASLT_EPILOGUE_BIAS, N, T, "Linear"},
    {"RELU", CUBLASLT_EPILOGUE_RELU, N, T, "Linear without bias, ReLU"},
    {"RELU_BIAS", CUBLASLT_EPILOGUE_RELU_BIAS, N, T, "Linear, ReLU, no gradients"},
    {"RELU_AUX", CUBLASLT_EPILOGUE_RELU_AUX, N, T, "Linear without bias, ReLU"},
    {"RELU_AUX_BIAS", CUBLASLT_EPILOGUE_RELU_AUX_BIAS, N, T, "Linear, ReLU"},
    {"DRELU", CUBLASLT_EPILOGUE_DRELU, N, N, "input's gradient"},
    {"BGRADB", CUBLASLT_EPILOGUE_BGRADB, T, N, "weight's and bias' gradients"},
    {"GELU_BIAS", CUBLASLT_EPILOGUE_GELU_BIAS, N, T, "not used"},
    {"DRELU_BGRAD", CUBLASLT_EPILOGUE_DRELU_BGRAD, N, N, "not used"},
};

enum class Answer { no, yes, fails };

constexpr const char* kNames[] = {"no", "yes", "FAILS"};

Answer ask(const BareCublasLt& lt, const Epilogue& each, DType dtype, std::size_t alignment) {
  const ProductShape shape{256, 256, 256, each.transpose_a, each.transpose_b};
  const BareProduct product(lt, shape,
                            {.dtype = dtype, .epilogue = each.epilogue, .alignment = alignment});
  if (!product.is_possible()) return Answer::no;
  const bool queued = product.try_run();
  lt.context().synchronize();
  return queued ? Answer::yes : Answer::fails;
}

}  // namespace

int print_epilogues(const BareCublasLt& lt) {
  struct Column {
    DType dtype;
    std::size_t alignment;  // bytes
  };
  constexpr Column kColumns[] = {{DType::float32, 4}, {DType::float32, 16}, {DType::float32, 256},
                                 {DType::float64, 8}, {DType::float64, 16}, {DType::float64, 256}};
  std::printf(
      "\nEpilogues that cuBLASLt accepts, without splitting the inner dimension, by the alignment\n"
      "of the operands in bytes\n%-16s",
      "");
  for (const auto& [dtype, alignment] : kColumns)
    std::printf(" %s:%-4zu", dtype == DType::float32 ? "f32" : "f64", alignment);
  std::printf(" for\n");
  int failed = 0;
  for (const Epilogue& each : kEpilogues) {
    std::printf("%-16s", each.name);
    for (const auto& [dtype, alignment] : kColumns) {
      const Answer answer = ask(lt, each, dtype, alignment);
      std::printf(" %-8s", kNames[static_cast<int>(answer)]);
      failed += answer == Answer::fails ? 1 : 0;
    }
    std::printf(" %s\n", each.what_for);
  }
  return failed;
}

}  // namespace kindling::bench
