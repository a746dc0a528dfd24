// SPDX-License-Identifier: MIT
#include "tests/demo/fuzz/target.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)kindling::test::feed_csv({reinterpret_cast<const char*>(data), size});
  return 0;
}
