// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/kernels/cuda/context.h>
#include <kindling/kernels/cuda/lt_products.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <type_traits>

/// Rows here are columns there: cuBLASLt is given c^T [n, m] = op(b)^T op(a)^T in its order, where
/// our b is its A and our a its B. In no other file do the orders meet.
namespace kindling::kernels::cuda {
namespace {

void check(const CublasLt& lt, cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) [[likely]]
    return;
  throw CudaError(message("cuda: ", call, " failed: ", lt.status_string(status)));
}

/// Below this many multiplications and additions our own kernel is about as fast, and its start
/// quicker.
constexpr std::int64_t kSmall = std::int64_t{128} * 128 * 64;
constexpr std::int64_t kNarrow = 16;  // a side for which cuBLASLt's tiles are too wide
/// Its sums of the rows of op(a) are made in the dtype; beyond this length ours are.
constexpr std::int64_t kLongestSum = 4096;

cudaDataType type_of(DType dtype) { return dtype == DType::float32 ? CUDA_R_32F : CUDA_R_64F; }

std::int64_t mask_columns(std::int64_t n) { return (n + 127) / 128 * 128; }

}  // namespace

std::size_t lt_relu_bits_bytes(std::int64_t m, std::int64_t n) {
  if (m < kNarrow || n < kNarrow) return 0;
  return static_cast<std::size_t>(mask_columns(n) / 8 * m);
}

bool LtProducts::start(Context& context) {
  if (started_) return handle_ != nullptr;
  lt_ = CublasLt::get();
  if (lt_ != nullptr) {
    if (workspace_ == nullptr) workspace_ = context.allocate(kWorkspaceBytes);
    cublasLtHandle_t handle = nullptr;
    check(*lt_, lt_->create(&handle), "cublasLtCreate");
    handle_ = handle;
  }
  started_ = true;  // after a failure the next product tries again
  return handle_ != nullptr;
}

// False where there is none that does what the product asks for.
bool LtProducts::epilogue_of(const Product& p, Epilogue& e) const {
  const bool relu = p.activation == UnaryOp::relu;
  if (p.pre_activation.data != nullptr || (p.activation != UnaryOp::identity && !relu))
    return false;
  const bool finishes = p.bias.data != nullptr || relu;
  const bool masks = p.mask.data != nullptr;
  const bool sums = p.row_sums.data != nullptr;
  if (int{finishes} + int{masks} + int{sums} > 1) return false;
  if (finishes) {
    if (p.accumulate) return false;
    e.bias = p.bias.data;
    if (relu && p.relu_bits != nullptr) {
      e.mask = p.relu_bits;
      e.kind = e.bias == nullptr ? CUBLASLT_EPILOGUE_RELU_AUX : CUBLASLT_EPILOGUE_RELU_AUX_BIAS;
    } else if (relu) {
      e.kind = e.bias == nullptr ? CUBLASLT_EPILOGUE_RELU : CUBLASLT_EPILOGUE_RELU_BIAS;
    } else {
      e.kind = CUBLASLT_EPILOGUE_BIAS;
    }
  } else if (masks) {
    if (!masks_.contains(p.relu_bits) || p.accumulate) return false;
    e.mask = p.relu_bits;
    e.kind = CUBLASLT_EPILOGUE_DRELU;
  } else if (sums) {
    if (p.accumulate_row_sums || p.k > kLongestSum) return false;
    e.bias = p.row_sums.data;
    e.kind = CUBLASLT_EPILOGUE_BGRADB;
  }
  return true;
}

void LtProducts::describe(const Product& p, const Epilogue& e, Plan& plan) const {
  const CublasLt& lt = *lt_;
  const cudaDataType type = type_of(p.c.dtype);
  const auto compute = p.c.dtype == DType::float32 ? CUBLAS_COMPUTE_32F : CUBLAS_COMPUTE_64F;
  check(lt, lt.desc_create(&plan.operation, compute, type), "cublasLtMatmulDescCreate");
  const auto set = [&](cublasLtMatmulDescAttributes_t attribute, const auto& value) {
    check(lt, lt.desc_set(plan.operation, attribute, &value, sizeof value),
          "cublasLtMatmulDescSetAttribute");
  };
  set(CUBLASLT_MATMUL_DESC_TRANSA, p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(CUBLASLT_MATMUL_DESC_TRANSB, p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(CUBLASLT_MATMUL_DESC_EPILOGUE, e.kind);
  if (e.mask != nullptr) set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, mask_columns(p.n));

  const auto layout = [&](cublasLtMatrixLayout_t& made, std::int64_t rows, std::int64_t columns,
                          std::int64_t stride) {
    check(lt,
          lt.layout_create(&made, type, static_cast<std::uint64_t>(rows),
                           static_cast<std::uint64_t>(columns), rows),
          "cublasLtMatrixLayoutCreate");
    if (p.batch == 1) return;
    const auto batch = static_cast<std::int32_t>(p.batch);
    check(lt, lt.layout_set(made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch, sizeof batch),
          "cublasLtMatrixLayoutSetAttribute");
    check(lt,
          lt.layout_set(made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride, sizeof stride),
          "cublasLtMatrixLayoutSetAttribute");
  };
  layout(plan.a, p.transpose_b ? p.k : p.n, p.transpose_b ? p.n : p.k, p.stride_b);
  layout(plan.b, p.transpose_a ? p.m : p.k, p.transpose_a ? p.k : p.m, p.stride_a);
  layout(plan.c, p.n, p.m, p.stride_c);
}

void LtProducts::forget(const Plan& plan) const {
  if (plan.operation != nullptr) (void)lt_->desc_destroy(plan.operation);
  for (cublasLtMatrixLayout_t layout : {plan.a, plan.b, plan.c})
    if (layout != nullptr) (void)lt_->layout_destroy(layout);
}

void LtProducts::release(Context& context) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [key, plan] : plans_) forget(plan);
  plans_.clear();
  if (handle_ != nullptr) (void)lt_->destroy(handle_);
  handle_ = nullptr;
  context.deallocate(workspace_, kWorkspaceBytes);
  workspace_ = nullptr;
}

void LtProducts::choose(const Product& p, Plan& plan) const {
  const CublasLt& lt = *lt_;
  cublasLtMatmulPreference_t preference = nullptr;
  check(lt, lt.preference_create(&preference), "cublasLtMatmulPreferenceCreate");
  const std::unique_ptr<std::remove_pointer_t<cublasLtMatmulPreference_t>,
                        decltype(lt.preference_destroy)>
      owner(preference, lt.preference_destroy);
  const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
    check(lt, lt.preference_set(preference, attribute, &value, sizeof value),
          "cublasLtMatmulPreferenceSetAttribute");
  };
  set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{kWorkspaceBytes});
  set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, std::uint32_t{CUBLASLT_REDUCTION_SCHEME_NONE});
  const auto alignment = [](const void* data) {
    const auto address = reinterpret_cast<std::uintptr_t>(data);
    return std::uint32_t{1} << std::min(std::countr_zero(address | 256), 8);
  };
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment(p.b.data));
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment(p.a.data));
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment(p.c.data));
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment(p.c.data));
  cublasLtMatmulHeuristicResult_t result = {};
  int count = 0;
  const cublasStatus_t status = lt.heuristic(handle_, plan.operation, plan.a, plan.b, plan.c,
                                             plan.c, preference, 1, &result, &count);
  plan.asked = true;
  plan.found = status == CUBLAS_STATUS_SUCCESS && count > 0;
  plan.algorithm = result.algo;
}

LtProducts::Plan& LtProducts::plan_for(const Product& p, const Epilogue& e) {
  const auto address = reinterpret_cast<std::uintptr_t>(p.a.data) |
                       reinterpret_cast<std::uintptr_t>(p.b.data) |
                       reinterpret_cast<std::uintptr_t>(p.c.data);
  const auto alignment = static_cast<unsigned>(address % 256);
  const Key key{p.c.dtype,     p.m,     p.n,        p.k,        p.transpose_a,
                p.transpose_b, p.batch, p.stride_a, p.stride_b, p.stride_c,
                p.accumulate,  e.kind,  alignment};
  const auto [place, is_new] = plans_.try_emplace(key);
  if (!is_new) return place->second;
  try {
    describe(p, e, place->second);
  } catch (...) {
    forget(place->second);
    plans_.erase(place);
    throw;
  }
  return place->second;
}

bool LtProducts::run(Context& context, const Product& p) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool queued = try_run(context, p);
  if (p.relu_bits == nullptr || p.mask.data != nullptr) return queued;
  if (queued)
    masks_.insert(p.relu_bits);
  else
    masks_.erase(p.relu_bits);
  return queued;
}

bool LtProducts::try_run(Context& context, const Product& p) {
  if (p.m < kNarrow || p.n < kNarrow || p.k < kNarrow || p.batch * p.m * p.n * p.k < kSmall ||
      p.batch > INT32_MAX)
    return false;
  Epilogue e;
  if (!epilogue_of(p, e) || !start(context)) return false;
  Plan& plan = plan_for(p, e);
  const auto set = [&](cublasLtMatmulDescAttributes_t attribute, void* pointer) {
    check(*lt_, lt_->desc_set(plan.operation, attribute, &pointer, sizeof pointer),
          "cublasLtMatmulDescSetAttribute");
  };
  if (e.bias != nullptr) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, e.bias);
  if (e.mask != nullptr) set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, e.mask);
  if (!plan.asked) choose(p, plan);  // which looks at the pointers, too
  if (!plan.found) return false;
  const float one_float = 1;
  const float beta_float = p.accumulate ? 1 : 0;
  const double one = 1;
  const double beta = p.accumulate ? 1 : 0;
  const bool single = p.c.dtype == DType::float32;
  check(
      *lt_,
      lt_->matmul(handle_, plan.operation, single ? static_cast<const void*>(&one_float) : &one,
                  p.b.data, plan.a, p.a.data, plan.b,
                  single ? static_cast<const void*>(&beta_float) : &beta, p.c.data, plan.c,
                  p.c.data, plan.c, &plan.algorithm, workspace_, kWorkspaceBytes, context.stream()),
      "cublasLtMatmul");
  return true;
}

}  // namespace kindling::kernels::cuda
