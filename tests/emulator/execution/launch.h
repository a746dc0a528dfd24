// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/program/program.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace emulator {

struct Extent {
  std::uint32_t x = 1, y = 1, z = 1;
  std::uint64_t count() const { return std::uint64_t{x} * y * z; }
  /// The index of the element of that number.
  Extent index_of(std::uint64_t number) const {
    return {static_cast<std::uint32_t>(number % x), static_cast<std::uint32_t>(number / x % y),
            static_cast<std::uint32_t>(number / x / y)};
  }
};

/// One launch, its configuration already validated by the runtime.
struct LaunchRequest {
  const Program* program = nullptr;
  const Function* kernel = nullptr;
  Extent grid, block;
  std::size_t dynamic_shared = 0;  // bytes
  bool cooperative = false;
  std::vector<std::byte> parameters;  // laid out by Function::parameters
};

/// What stopped a launch; the runtime turns it into CUDA's sticky error.
enum class Fault : std::uint8_t {
  none,
  illegal_address,      // cudaErrorIllegalAddress (700)
  misaligned_address,   // cudaErrorMisalignedAddress (716)
  assertion,            // cudaErrorAssert (710)
  illegal_instruction,  // cudaErrorIllegalInstruction (715)
  trap,                 // cudaErrorLaunchFailure (719)
  deadlock,             // cudaErrorLaunchTimeout (702)
};

/// Runs all blocks of a launch; reports mistakes on the way and stops at the first fault.
Fault run(const LaunchRequest& request);

}  // namespace emulator
