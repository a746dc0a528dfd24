// SPDX-License-Identifier: MIT
#pragma once

#include <cublasLt.h>

#include <cstdint>

namespace emulator {

// What the opaque descriptors of cuBLASLt hold. `magic` tells one that was initialised.

struct MatmulDescriptor {
  static constexpr std::uint32_t kMagic = 0x4d756c31;
  std::uint32_t magic = kMagic;
  std::int32_t compute_type = CUBLAS_COMPUTE_32F;
  std::int32_t scale_type = CUDA_R_32F;
  std::int32_t pointer_mode = CUBLASLT_POINTER_MODE_HOST;
  std::int32_t transpose_a = CUBLAS_OP_N, transpose_b = CUBLAS_OP_N, transpose_c = CUBLAS_OP_N;
  std::int32_t fill_mode = CUBLAS_FILL_MODE_FULL;
  std::uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  std::int32_t auxiliary_type = -1, bias_type = -1;  // -1: that of D
  std::int32_t multiprocessors = 0;
  void* bias = nullptr;
  void* auxiliary = nullptr;
  std::int64_t bias_batch_step = 0;
  std::int64_t auxiliary_ld = 0, auxiliary_batch_step = 0;  // elements; of a mask: bits
  std::int8_t fast_accumulation = 0;
};

struct LayoutDescriptor {
  static constexpr std::uint32_t kMagic = 0x4c61796f;
  std::uint32_t magic = kMagic;
  std::uint32_t type = CUDA_R_32F;
  std::uint64_t rows = 0, columns = 0;
  std::int64_t ld = 0;
  std::int64_t batch_step = 0;
  std::int32_t order = CUBLASLT_ORDER_COL;
  std::int32_t batch = 1;
  std::uint32_t batch_mode = CUBLASLT_BATCH_MODE_STRIDED;

  bool operator==(const LayoutDescriptor&) const = default;
};

struct PreferenceDescriptor {
  static constexpr std::uint32_t kMagic = 0x50726566;
  std::uint32_t magic = kMagic;
  std::uint32_t search = CUBLASLT_SEARCH_BEST_FIT;
  std::uint64_t workspace = 0;  // bytes
  std::uint32_t reductions = CUBLASLT_REDUCTION_SCHEME_MASK;
  std::uint32_t alignment_a = 256, alignment_b = 256, alignment_c = 256,
                alignment_d = 256;  // bytes
  float waves = 0;
  std::uint64_t implementations = ~0ull;
};

/// The descriptor behind a pointer of the program, or nullptr.
template <class Descriptor>
Descriptor* find_descriptor(void* pointer) {
  auto* const descriptor = static_cast<Descriptor*>(pointer);
  return descriptor && descriptor->magic == Descriptor::kMagic ? descriptor : nullptr;
}

}  // namespace emulator
