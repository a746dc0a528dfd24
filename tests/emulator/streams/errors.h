// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime_api.h>

#include <string>

namespace emulator {

/// Whether an error ends the context: every later call fails with it until cudaDeviceReset().
bool is_fault(cudaError_t error);

/// The fault of the device, or cudaSuccess.
cudaError_t sticky_error();
/// Notes a fault of the work named `what`; the first one stays.
void stick(cudaError_t error, const std::string& what);
/// Forgets the fault.
void heal();

/// The last error of this thread, or the device's fault; cudaGetLastError clears the former.
cudaError_t last_error(bool clear);

/// An error that the program's syntax throws away (<<<>>>): only cudaGetLastError shows it.
void note_discarded(cudaError_t error, const std::string& what);
/// Reports the errors that nobody has looked at; called at exit.
void report_unchecked_errors();
/// Says which calls of --fail never came, perhaps because of a misspelt name; called at exit.
void report_unused_failures();

/// What a call that --fail names returns: out of memory if it makes something, out of resources if
/// it launches a kernel, no device if it counts them, else unknown.
cudaError_t forced_failure(const char* call);

}  // namespace emulator
