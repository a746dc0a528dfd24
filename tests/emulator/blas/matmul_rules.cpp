// SPDX-License-Identifier: MIT
// What cublasLtMatmul() accepts: cuBLAS documentation, cublasLtMatmul(), cublasLtEpilogue_t,
// cublasLtMatmulDescAttributes_t and cublasLtMatrixLayoutAttribute_t.
#include "tests/emulator/blas/matmul.h"
#include "tests/emulator/report/options.h"
#include "tests/emulator/report/report.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace emulator {
namespace {

constexpr std::pair<unsigned, const char*> kEpilogues[] = {
    {CUBLASLT_EPILOGUE_DEFAULT, "DEFAULT"},     {CUBLASLT_EPILOGUE_RELU, "RELU"},
    {CUBLASLT_EPILOGUE_RELU_AUX, "RELU_AUX"},   {CUBLASLT_EPILOGUE_BIAS, "BIAS"},
    {CUBLASLT_EPILOGUE_RELU_BIAS, "RELU_BIAS"}, {CUBLASLT_EPILOGUE_RELU_AUX_BIAS, "RELU_AUX_BIAS"},
    {CUBLASLT_EPILOGUE_DRELU, "DRELU"},         {CUBLASLT_EPILOGUE_DRELU_BGRAD, "DRELU_BGRAD"},
    {CUBLASLT_EPILOGUE_GELU, "GELU"},           {CUBLASLT_EPILOGUE_GELU_AUX, "GELU_AUX"},
    {CUBLASLT_EPILOGUE_GELU_BIAS, "GELU_BIAS"}, {CUBLASLT_EPILOGUE_GELU_AUX_BIAS, "GELU_AUX_BIAS"},
    {CUBLASLT_EPILOGUE_DGELU, "DGELU"},         {CUBLASLT_EPILOGUE_DGELU_BGRAD, "DGELU_BGRAD"},
    {CUBLASLT_EPILOGUE_BGRADA, "BGRADA"},       {CUBLASLT_EPILOGUE_BGRADB, "BGRADB"},
};

// C may repeat one line: its leading dimension may be 0.
cublasStatus_t check_layout(const char* name, const LayoutDescriptor& layout, bool may_repeat) {
  const std::string who = std::string("matrix ") + name + ": ";
  if (layout.rows == 0 || layout.columns == 0) return invalid(who + "it is empty");
  if (layout.order != CUBLASLT_ORDER_COL && layout.order != CUBLASLT_ORDER_ROW) {
    return unsupported(who + "its memory order");
  }
  if (layout.batch < 1) return invalid(who + "its batch count");
  const auto length =
      static_cast<std::int64_t>(layout.order == CUBLASLT_ORDER_COL ? layout.rows : layout.columns);
  if (layout.ld < length && !(may_repeat && layout.ld == 0)) {
    return invalid(text(who, "its leading dimension ", layout.ld, " is below ", length));
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t check_shapes(Matmul& matmul) {
  const auto& [how, a, b, c, d, m, n, k] = matmul;
  for (const cublasOperation_t transpose : {how.transpose_a, how.transpose_b}) {
    if (transpose < CUBLAS_OP_N || transpose > CUBLAS_OP_C) return invalid("an unknown transpose");
  }
  const bool plain_a = how.transpose_a == CUBLAS_OP_N, plain_b = how.transpose_b == CUBLAS_OP_N;
  matmul.m = static_cast<std::int64_t>(plain_a ? a.rows : a.columns);
  matmul.k = static_cast<std::int64_t>(plain_a ? a.columns : a.rows);
  matmul.n = static_cast<std::int64_t>(plain_b ? b.columns : b.rows);
  const auto is = [](std::uint64_t size, std::int64_t wanted) {
    return size == static_cast<std::uint64_t>(wanted);
  };
  if (!is(plain_b ? b.rows : b.columns, k)) return invalid("A and B differ in k");
  if (!is(d.rows, m) || !is(d.columns, n)) return invalid("D is not m x n");
  if (!is(c.rows, m) || !is(c.columns, n)) return invalid("C is not m x n");
  if (c.type != d.type || c.order != d.order) return invalid("C and D differ in type or order");
  if (a.batch != d.batch || b.batch != d.batch || c.batch != d.batch) {
    return invalid("the batch counts differ");
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t check_auxiliary(const Matmul& matmul) {
  const MatmulDescriptor& how = matmul.how;
  const bool mask = matmul.is_masked();
  const std::int64_t unit = mask ? 128 : 8;
  const std::string of = text(" is not a multiple of ", unit);
  const std::string ld = text("the auxiliary leading dimension ", how.auxiliary_ld);
  if (how.auxiliary_ld % unit != 0) return invalid(ld + of);
  if (how.auxiliary_ld < matmul.m) return invalid(ld + " is below the rows of D");
  if (how.auxiliary_batch_step % unit != 0) return invalid("the auxiliary batch stride" + of);
  if (how.auxiliary_type != -1 && (mask || how.auxiliary_type != matmul.d.type)) {
    return invalid("the type of the auxiliary matrix");
  }
  if (matmul.has(kRelu | kGelu) && matmul.d.batch > 1 && how.auxiliary_batch_step == 0) {
    return invalid("the matrices of the batch share their auxiliary output");
  }
  // The library looks at this pointer already when it is asked for an algorithm.
  if (!mask && !how.auxiliary) return invalid("the auxiliary pointer is null");
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t check_epilogue(const Matmul& matmul) {
  const MatmulDescriptor& how = matmul.how;
  const auto* const known = std::find_if(std::begin(kEpilogues), std::end(kEpilogues),
                                         [&](const auto& e) { return e.first == how.epilogue; });
  if (known == std::end(kEpilogues)) return invalid("an unknown epilogue");
  const std::string name = known->second;
  if (options().refused.contains(name)) return unsupported(name + ": --refuse");
  const bool has_bias = matmul.has(kBias) || matmul.writes_bias();
  if (has_bias && how.bias_type != -1 && how.bias_type != matmul.d.type) {
    return unsupported(name + ": a bias of another type than D");
  }
  if (matmul.writes_bias() && matmul.d.batch > 1 && how.bias_batch_step == 0) {
    return invalid(name + ": the matrices of the batch share their bias gradient");
  }
  // The documentation refuses an activation together with a bias; nvmath-python, NVIDIA's own
  // binding, also asks for columns with an auxiliary matrix and with BGRADB.
  const bool by_columns =
      matmul.has(kAuxiliary | kBiasGradientB) || (matmul.has(kBias) && matmul.has(kRelu | kGelu));
  if (by_columns && matmul.d.order != CUBLASLT_ORDER_COL) {
    return unsupported(name + ": D is not column-major");
  }
  // Says nvmath-python.
  if (matmul.has(kReluGradient | kGeluGradient) && matmul.k == 1) {
    return unsupported(name + ": k is 1");
  }
  return matmul.has(kAuxiliary) ? check_auxiliary(matmul) : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t check_types(const Matmul& matmul) {
  const MatmulDescriptor& how = matmul.how;
  if (how.pointer_mode != CUBLASLT_POINTER_MODE_HOST &&
      how.pointer_mode != CUBLASLT_POINTER_MODE_DEVICE) {
    return unsupported("the pointer mode");
  }
  if (matmul.a.type != matmul.b.type ||
      !is_supported(how.compute_type, how.scale_type, matmul.a.type, matmul.d.type)) {
    return unsupported_types("cublasLtMatmul", how.compute_type, matmul.a.type, matmul.d.type);
  }
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace

void report_unknown_epilogues() {
  for (const std::string& name : options().refused) {
    const bool known = std::any_of(std::begin(kEpilogues), std::end(kEpilogues),
                                   [&](const auto& epilogue) { return epilogue.second == name; });
    if (!known) {
      std::fprintf(stderr, "ptxrun: --refuse %s: no epilogue has that name\n", name.c_str());
    }
  }
}

cublasStatus_t read_matmul(cublasLtMatmulDesc_t how, cublasLtMatrixLayout_t a,
                           cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
                           cublasLtMatrixLayout_t d, Matmul& matmul) {
  const auto* const found = find_descriptor<MatmulDescriptor>(how);
  if (!found) return invalid("the matmul descriptor");
  matmul.how = *found;
  const std::pair<void*, LayoutDescriptor*> layouts[] = {
      {a, &matmul.a}, {b, &matmul.b}, {c ? c : d, &matmul.c}, {d, &matmul.d}};
  const char* const names[] = {"A", "B", "C", "D"};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto* const layout = find_descriptor<LayoutDescriptor>(layouts[i].first);
    if (!layout) return invalid(std::string("the layout of ") + names[i]);
    *layouts[i].second = *layout;
    const cublasStatus_t status = check_layout(names[i], *layout, i == 2);
    if (status != CUBLAS_STATUS_SUCCESS) return status;
  }
  cublasStatus_t status = check_shapes(matmul);
  if (status == CUBLAS_STATUS_SUCCESS) status = check_types(matmul);
  if (status == CUBLAS_STATUS_SUCCESS) status = check_epilogue(matmul);
  return status;
}

}  // namespace emulator
