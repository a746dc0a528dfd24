// SPDX-License-Identifier: MIT
#include <kindling/core/cuda.h>
#include <kindling/core/default_device.h>
#include <kindling/kernels/backend.h>

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace kindling::test {
namespace {

constexpr int kSkipped = 77;  // as tests/CMakeLists.txt says

/// KINDLING_TEST_DEVICE=cuda: every test runs on the GPU, as far as it does not name the CPU.
class TestDevice : public testing::Environment {
 public:
  void SetUp() override {
    const char* name = std::getenv("KINDLING_TEST_DEVICE");
    if (name == nullptr || std::string_view(name) == "cpu") return;
    ASSERT_EQ(std::string_view(name), "cuda") << "KINDLING_TEST_DEVICE";
    if (!kindling::cuda::is_available()) {
      std::puts(("skipped: " + kernels::cuda::why_unavailable(0)).c_str());
      std::_Exit(kSkipped);
    }
    set_default_device(Device::cuda());
  }
};

[[maybe_unused]] const testing::Environment* const registered =
    testing::AddGlobalTestEnvironment(new TestDevice);

}  // namespace
}  // namespace kindling::test
