// SPDX-License-Identifier: MIT
// As in kernels/cuda/lt_products.cpp, rows here are columns there: cuBLASLt computes c^T [n, m] =
// op(b)^T op(a)^T.
#include "bench/gpu/bare_product.h"

#include <kindling/core/command.h>

#include <algorithm>
#include <memory>
#include <type_traits>

namespace kindling::bench {
namespace {

constexpr int kMostAlgorithms = 8;
constexpr std::int64_t kMostAlignment = 256;

// Parts of a cublasLtEpilogue_t.
constexpr int kReadsOrWritesBias = CUBLASLT_EPILOGUE_BIAS | CUBLASLT_EPILOGUE_BGRADB |
                                   (CUBLASLT_EPILOGUE_DRELU_BGRAD ^ CUBLASLT_EPILOGUE_DRELU);
constexpr int kHasBits = CUBLASLT_EPILOGUE_RELU_AUX ^ CUBLASLT_EPILOGUE_RELU;

void check(const BareCublasLt& lt, cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw CudaError(message("bench: ", call, " failed: ", lt.functions().status_string(status)));
}

}  // namespace

BareCublasLt::BareCublasLt(kernels::cuda::Context& context)
    : context_(context), functions_(kernels::cuda::CublasLt::get()) {
  if (functions_ == nullptr) return;
  check(*this, functions_->create(&handle_), "cublasLtCreate");
  workspace_ = context.allocate(kWorkspaceBytes);
}

BareCublasLt::~BareCublasLt() {
  if (functions_ == nullptr) return;
  (void)functions_->destroy(handle_);
  context_.deallocate(workspace_, kWorkspaceBytes);
}

BareProduct::BareProduct(const BareCublasLt& lt, const ProductShape& shape,
                         const ProductOptions& options)
    : lt_(lt),
      shape_(shape),
      options_(options),
      a_(operand(shape.m * shape.k)),
      b_(operand(shape.k * shape.n)),
      c_(operand(shape.m * shape.n)),
      bias_(operand(std::max(shape.m, shape.n))),
      bits_(zeros({shape.m * ((shape.n + 127) / 128 * 128) / 32})) {
  describe();
  ask();
}

BareProduct::~BareProduct() {
  for (cublasLtMatrixLayout_t layout : layouts_) (void)lt_.functions().layout_destroy(layout);
  (void)lt_.functions().desc_destroy(operation_);
}

// With room to begin at any alignment.
Tensor BareProduct::operand(std::int64_t numel) const {
  return randn({numel + kMostAlignment / size_of(options_.dtype)}, {.dtype = options_.dtype});
}

View BareProduct::view(const Tensor& operand, std::int64_t numel) const {
  auto* const start = static_cast<std::byte*>(detail::address_of(*operand.impl()));
  return {start + options_.alignment % kMostAlignment, numel, options_.dtype};
}

void BareProduct::describe() {
  const kernels::cuda::CublasLt& call = lt_.functions();
  const bool single = options_.dtype == DType::float32;
  const cudaDataType type = single ? CUDA_R_32F : CUDA_R_64F;
  check(lt_, call.desc_create(&operation_, single ? CUBLAS_COMPUTE_32F : CUBLAS_COMPUTE_64F, type),
        "cublasLtMatmulDescCreate");
  const auto set = [&](cublasLtMatmulDescAttributes_t attribute, const auto& value) {
    check(lt_, call.desc_set(operation_, attribute, &value, sizeof value),
          "cublasLtMatmulDescSetAttribute");
  };
  set(CUBLASLT_MATMUL_DESC_TRANSA, shape_.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(CUBLASLT_MATMUL_DESC_TRANSB, shape_.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(CUBLASLT_MATMUL_DESC_EPILOGUE, options_.epilogue);
  if ((options_.epilogue & kReadsOrWritesBias) != 0)
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, view(bias_, bias_.numel()).data);
  if ((options_.epilogue & kHasBits) != 0) {
    set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, detail::address_of(*bits_.impl()));
    set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, (shape_.n + 127) / 128 * 128);
  }
  const auto layout = [&](cublasLtMatrixLayout_t& made, std::int64_t lines, std::int64_t length) {
    check(lt_,
          call.layout_create(&made, type, static_cast<std::uint64_t>(length),
                             static_cast<std::uint64_t>(lines), length),
          "cublasLtMatrixLayoutCreate");
  };
  const auto& [m, n, k, transpose_a, transpose_b] = shape_;
  layout(layouts_[0], transpose_b ? n : k, transpose_b ? k : n);
  layout(layouts_[1], transpose_a ? k : m, transpose_a ? m : k);
  layout(layouts_[2], m, n);
}

void BareProduct::ask() {
  const kernels::cuda::CublasLt& call = lt_.functions();
  cublasLtMatmulPreference_t preference = nullptr;
  check(lt_, call.preference_create(&preference), "cublasLtMatmulPreferenceCreate");
  const std::unique_ptr<std::remove_pointer_t<cublasLtMatmulPreference_t>,
                        decltype(call.preference_destroy)>
      owner(preference, call.preference_destroy);
  const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
    check(lt_, call.preference_set(preference, attribute, &value, sizeof value),
          "cublasLtMatmulPreferenceSetAttribute");
  };
  set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{BareCublasLt::kWorkspaceBytes});
  if (!options_.may_split)
    set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, std::uint32_t{CUBLASLT_REDUCTION_SCHEME_NONE});
  for (const auto attribute :
       {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
    set(attribute, static_cast<std::uint32_t>(options_.alignment));
  cublasLtMatmulHeuristicResult_t results[kMostAlgorithms] = {};
  int count = 0;
  const cublasStatus_t status =
      call.heuristic(lt_.handle(), operation_, layouts_[0], layouts_[1], layouts_[2], layouts_[2],
                     preference, kMostAlgorithms, results, &count);
  if (status != CUBLAS_STATUS_SUCCESS) return;  // there is none
  for (int i = 0; i < count; ++i) {
    if (results[i].state == CUBLAS_STATUS_SUCCESS) algorithms_.push_back(results[i].algo);
  }
}

void BareProduct::use_fastest(const Stopwatch& stopwatch) {
  double best = 0;
  std::size_t fastest = 0;
  for (in_use_ = 0; in_use_ < algorithms_.size(); ++in_use_) {
    if (!try_run()) continue;
    const double seconds = stopwatch.rough([this] { run(); });
    if (best > 0 && seconds >= best) continue;
    best = seconds;
    fastest = in_use_;
  }
  in_use_ = fastest;
}

bool BareProduct::try_run() const {
  const float one = 1;
  const float zero = 0;
  const double one_double = 1;
  const double zero_double = 0;
  const bool single = options_.dtype == DType::float32;
  const auto scalar = [single](const float& of_float, const double& of_double) {
    return single ? static_cast<const void*>(&of_float) : &of_double;
  };
  return lt_.functions().matmul(lt_.handle(), operation_, scalar(one, one_double), b().data,
                                layouts_[0], a().data, layouts_[1], scalar(zero, zero_double),
                                c().data, layouts_[2], c().data, layouts_[2], &algorithms_[in_use_],
                                lt_.workspace(), BareCublasLt::kWorkspaceBytes,
                                lt_.context().stream()) == CUBLAS_STATUS_SUCCESS;
}

void BareProduct::run() const {
  if (!try_run()) throw CudaError("bench: cublasLtMatmul failed");
}

}  // namespace kindling::bench
