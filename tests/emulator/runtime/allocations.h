// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/memory/memory.h"

#include <cuda_runtime_api.h>

#include <cstdint>

namespace emulator {

/// Allocates for the program, running pending frees if there is no room.
cudaError_t allocate(void** pointer, std::size_t bytes, MemoryKind kind, const char* call);
/// Frees memory that cudaMalloc and its like made, with a report if that is not what it is.
cudaError_t free_checked(void* pointer, bool host, const char* call);

/// Memory that a pool gave is gone; false if no pool gave it.
bool leave_pool(std::uint64_t address);
/// The host has waited: pools return what is above their threshold.
void trim_pools();
/// Bytes that pools keep reserved though nothing uses them.
std::uint64_t idle_in_pools();

}  // namespace emulator
