// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/blas/descriptors.h"
#include "tests/emulator/blas/handle.h"

#include <array>

namespace emulator {

/// cublasLtMatmul() without its data: D [m, n] = op(A) [m, k] op(B) [k, n] and so on.
struct Matmul {
  MatmulDescriptor how;
  LayoutDescriptor a, b, c, d;
  std::int64_t m = 0, n = 0, k = 0;

  bool has(unsigned part) const { return (how.epilogue & part) != 0; }
  bool is_masked() const { return has(kRelu | kReluGradient) && has(kAuxiliary); }
  bool writes_bias() const { return has(kBiasGradient | kBiasGradientA | kBiasGradientB); }
};

/// Says which names of --refuse no epilogue has; called at exit.
void report_unknown_epilogues();

/// Reads the descriptors (without C: D's) and applies the rules of NVIDIA's documentation:
/// INVALID_VALUE for what contradicts itself, NOT_SUPPORTED for what no kernel does, or --refuse
/// names.
cublasStatus_t read_matmul(cublasLtMatmulDesc_t how, cublasLtMatrixLayout_t a,
                           cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
                           cublasLtMatrixLayout_t d, Matmul& matmul);

/// An algorithm, inside cublasLtMatmulAlgo_t. There are two, which compute the same: one that
/// needs no workspace, and one that would split k and needs a copy of D. Like a real one it may
/// count on the alignments that it was chosen for: those of the preference, of the leading
/// dimensions, and of the bias and auxiliary pointers as they were then.
struct Algorithm {
  static constexpr std::uint32_t kMagic = 0x416c676f;
  static constexpr std::int32_t kPlain = 0, kSplit = 1;
  std::uint32_t magic = kMagic;
  std::int32_t id = kPlain;
  std::array<std::uint8_t, 6> alignment{1, 1, 1, 1, 1, 1};  // bytes; A, B, C, D, bias, auxiliary

  std::size_t workspace(const Matmul& matmul) const;  // bytes
};

}  // namespace emulator
