// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime_api.h>

#include <source_location>

namespace kindling::kernels::cuda {

/// Throws a CudaError naming call, code, meaning and place unless the call succeeded, after
/// clearing the runtime's memory of it, so that the next call is not blamed.
void check(cudaError_t status, const char* call,
           const std::source_location& where = std::source_location::current());

}  // namespace kindling::kernels::cuda
