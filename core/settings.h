// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <string>

namespace kindling {

/// Threads that large kernels on the CPU may use, the caller included; small work stays on the
/// caller. Results do not depend on it. At first the environment's KINDLING_NUM_THREADS, or else
/// one per processor. ValueError for count < 1.
KINDLING_API void set_num_threads(int count);
KINDLING_API int get_num_threads();

/// Whether kernels flush subnormal numbers to zero, as they do until told otherwise: moments of
/// units that get no gradient decay into them, where processors are slow. The program's own
/// floating-point mode is never changed.
KINDLING_API void set_flush_denormal(bool flush) noexcept;

/// What this library is and runs on, a "name: value" line each: version, compiler, instruction set,
/// threads, device.
KINDLING_API std::string build_info();

}  // namespace kindling
