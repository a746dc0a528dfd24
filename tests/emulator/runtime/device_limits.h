// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace emulator {

// The emulated device is an A100; numbers from the CUDA C++ Programming Guide, "Technical
// Specifications per Compute Capability", column 8.0.
inline constexpr int kMultiprocessors = 108;
inline constexpr int kWarpSize = 32;
inline constexpr unsigned kMaxThreads = 1024;  // of a block
inline constexpr unsigned kMaxBlock[3] = {1024, 1024, 64};
inline constexpr unsigned kMaxGrid[3] = {2147483647, 65535, 65535};
inline constexpr int kThreadsPerMultiprocessor = 2048;
inline constexpr int kBlocksPerMultiprocessor = 32;
inline constexpr int kRegisters = 65536;                 // of a multiprocessor or a block
inline constexpr std::size_t kShared = 48 * 1024;        // bytes of a block
inline constexpr std::size_t kSharedOptIn = 163 * 1024;  // with cudaFuncSetAttribute
inline constexpr std::size_t kSharedOfMultiprocessor = 164 * 1024;
inline constexpr std::size_t kSharedReserved = 1024;  // of every block
inline constexpr std::size_t kConstantMemory = 64 * 1024;
inline constexpr std::size_t kL2Cache = 40 * 1024 * 1024;
inline constexpr std::size_t kPitch = 512;  // of cudaMallocPitch
inline constexpr std::size_t kMaxPitch = 2147483647;

}  // namespace emulator
