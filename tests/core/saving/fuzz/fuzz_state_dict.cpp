// SPDX-License-Identifier: MIT
#include "tests/core/saving/fuzz/targets.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)kindling::test::feed_state_dict({reinterpret_cast<const char*>(data), size});
  return 0;
}
