// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

/// The version of the headers, as "major.minor.patch"; the build reads it from this line.
#define KINDLING_VERSION "0.1.0"

namespace kindling {

/// The version of the library that is linked, to be compared with KINDLING_VERSION.
KINDLING_API const char* version() noexcept;

}  // namespace kindling
