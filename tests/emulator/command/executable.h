// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace emulator {

/// Why a CUDA program cannot run under the emulator, with the nvcc flags it needs; empty if it can,
/// or if the file is no ELF program with device code.
std::string why_not_runnable(const std::string& path);

}  // namespace emulator
