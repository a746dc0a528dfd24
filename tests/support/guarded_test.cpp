// SPDX-License-Identifier: MIT
#include "tests/support/guarded.h"

#include <cmath>
#include <utility>

namespace kindling::test {
namespace {

TEST(GuardedMemory, FindsWhatIsWrittenBesideItAndIsNaNThere) {
  for (const std::int64_t count : {3, 4}) {
    Buffer<float> memory(kernels::cpu::backend(), count, 1.0f);
    EXPECT_TRUE(memory.guards_intact());
    for (const std::int64_t beside : {std::int64_t{-1}, count}) {
      float& word = memory.data()[beside];
      EXPECT_TRUE(std::isnan(word));
      const float guard = std::exchange(word, 1.0f);
      EXPECT_FALSE(memory.guards_intact());
      word = guard;
    }
  }
}

}  // namespace
}  // namespace kindling::test
