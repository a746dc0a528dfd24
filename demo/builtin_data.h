// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace kindling::demo {

// The files of demo/data, compiled in so that the program finds them wherever it runs.
extern const std::string_view kDiabetesCsv;
extern const std::string_view kDigitsCsv;

}  // namespace kindling::demo
