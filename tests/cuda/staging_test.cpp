// SPDX-License-Identifier: MIT
// What the host uploads passes through a ring of page-locked memory that is used again and again:
// seen where copies are late, as the emulator makes them with --lazy.
#include <kindling/kindling.h>

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace kindling {
namespace {

TEST(Staging, AnUploadOfMoreThanTheRingArrivesWhole) {
  std::vector<float> values(std::size_t{3} << 20);  // 12 MiB, three times the ring
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const Tensor first = from_data(values, {3, 1 << 20});
  for (float& value : values) value = -value;  // the host's memory is its own again
  const Tensor second = from_data(values, {3, 1 << 20});
  const std::vector<float> got = second.to_vector<float>();
  const std::vector<float> before = first.to_vector<float>();
  EXPECT_EQ(got, values);
  for (float& value : values) value = -value;
  EXPECT_EQ(before, values);
}

}  // namespace
}  // namespace kindling
