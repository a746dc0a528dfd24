// SPDX-License-Identifier: MIT
#pragma once

/// Marks the formulas of kernels/math: compiled into the kernels of both devices, and always
/// inlined, so that no shared copy exists that was compiled for one instruction set and called from
/// code for another.
#ifdef __CUDACC__
#define KINDLING_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define KINDLING_HOST_DEVICE inline __attribute__((always_inline))
#endif
