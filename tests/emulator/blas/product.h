// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/blas/matrix.h"
#include "tests/emulator/streams/streams.h"

#include <cublasLt.h>

#include <functional>

namespace emulator {

// The parts of which cublasLtEpilogue_t's values are made.
inline constexpr unsigned kRelu = 2, kBias = 4, kReluGradient = 8, kBiasGradient = 16, kGelu = 32,
                          kGeluGradient = 64, kAuxiliary = 128, kBiasGradientA = 256,
                          kBiasGradientB = 512;

/// alpha or beta: a value of the host, read when the call is made, or an address of the device,
/// read when it runs.
struct Scalar {
  cudaDataType type = CUDA_R_32F;
  double value = 0;
  const void* on_device = nullptr;
};
Scalar make_scalar(const void* pointer, cudaDataType type, bool on_device);
/// False if it lies where the device cannot read it.
bool resolve(Scalar& scalar, const std::string& call);

/// D = epilogue(alpha A B + beta C), for every matrix of a batch; A [m, k], B [k, n] with their
/// transposes already applied. Every element of A B is one chain of fused multiply-adds in the
/// compute type (half precision computes in float32), k ascending from 0; then
/// fma(alpha, sum, beta C) + bias in the same type. C is not read if beta is 0.
struct Product {
  std::string call;  // "cublasSgemm"
  std::int64_t m = 0, n = 0, k = 0, batch = 1;
  Matrix a, b, c, d;
  bool is_double = false;
  Rounding32 rounding = Rounding32::none;
  Scalar alpha, beta;

  // The epilogue, in NVIDIA's definitions: ReLU is fmax(x, 0), so it makes 0 of NaN; its mask has
  // a bit for every x > 0, of row i in byte i / 8 from the lowest bit; GELU is the tanh form. A
  // bias gradient sums D before D is rounded, columns ascending; BGRADA and BGRADB sum A or B over
  // k, ascending, without alpha.
  unsigned epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  Matrix bias;       // input, or the bias gradient
  Matrix auxiliary;  // bytes of the mask, or the input of GELU

  std::uint64_t workspace = 0;
  std::size_t workspace_bytes = 0;  // that it fills with rubbish
};

/// Puts what a call computes on a stream; it counts as a library call each time it runs. `body`
/// returns false if memory may not be touched.
cublasStatus_t enqueue(const std::string& call, std::function<bool()> body, cudaStream_t stream);
/// The same for a product; reports outputs that overlap inputs.
cublasStatus_t enqueue(Product product, cudaStream_t stream);

}  // namespace emulator
