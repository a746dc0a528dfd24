// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/execution/access.h"

namespace emulator {

// Each of these reports what a lane did at an address of its space and takes the lane out of the
// mask, with a fault.
void fail_bounds(const Request& request, std::size_t lane, Space space, std::uint64_t address,
                 Accessed& result);
void fail_alignment(const Request& request, std::size_t lane, Space space, std::uint64_t address,
                    Accessed& result);
/// Reports only: the lane goes on with what memory holds. `first` is the byte never written.
void report_uninitialised(const Request& request, std::size_t lane, Space space,
                          std::uint64_t address, std::uint64_t first);
/// The same for shared memory that a cp.async is writing.
void report_unfinished_copy(const Request& request, std::size_t lane, std::uint64_t address);

}  // namespace emulator
