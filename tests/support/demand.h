// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>

namespace kindling::test {

/// Ends the program unless it holds: what a fuzzer takes for a finding.
inline void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace kindling::test
