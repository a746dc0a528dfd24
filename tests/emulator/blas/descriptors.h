// SPDX-License-Identifier: MIT
#pragma once

#include <cublasLt.h>

#include <cstdint>

namespace emulator {

// What the opaque descriptors of cuBLASLt hold, enumerations as the 32-bit attributes that they
// are. `magic` tells one that was made.

struct MatmulDescriptor {
  static constexpr std::uint32_t kMagic = 0x4d756c31;
  std::uint32_t magic = kMagic;
  cublasComputeType_t compute_type = CUBLAS_COMPUTE_32F;
  cudaDataType scale_type = CUDA_R_32F;
  cublasLtPointerMode_t pointer_mode = CUBLASLT_POINTER_MODE_HOST;
  cublasOperation_t transpose_a = CUBLAS_OP_N, transpose_b = CUBLAS_OP_N;
  std::uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  std::int32_t auxiliary_type = -1, bias_type = -1;  // -1: that of D
  void* bias = nullptr;
  void* auxiliary = nullptr;
  std::int64_t bias_batch_step = 0;
  std::int64_t auxiliary_ld = 0, auxiliary_batch_step = 0;  // elements; of a mask: bits
};

struct LayoutDescriptor {
  static constexpr std::uint32_t kMagic = 0x4c61796f;
  std::uint32_t magic = kMagic;
  cudaDataType type = CUDA_R_32F;
  std::uint64_t rows = 0, columns = 0;
  std::int64_t ld = 0;
  std::int64_t batch_step = 0;
  cublasLtOrder_t order = CUBLASLT_ORDER_COL;
  std::int32_t batch = 1;

  bool operator==(const LayoutDescriptor&) const = default;
};

struct PreferenceDescriptor {
  static constexpr std::uint32_t kMagic = 0x50726566;
  std::uint32_t magic = kMagic;
  std::uint32_t reductions = CUBLASLT_REDUCTION_SCHEME_MASK;
  std::uint64_t workspace = 0;  // bytes
  std::uint32_t alignment_a = 256, alignment_b = 256, alignment_c = 256, alignment_d = 256;
};

/// The descriptor behind a pointer of the program, or nullptr.
template <class Descriptor>
Descriptor* find_descriptor(void* pointer) {
  auto* const descriptor = static_cast<Descriptor*>(pointer);
  return descriptor && descriptor->magic == Descriptor::kMagic ? descriptor : nullptr;
}

}  // namespace emulator
