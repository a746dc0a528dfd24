// SPDX-License-Identifier: MIT
#include <kindling/kernels/backend.h>
#include <kindling/kindling.h>

#include "tests/support/expect_error.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <sstream>
#include <vector>

namespace kindling::test {
namespace {

TEST(Shape, HoldsSizesOfAnyIntegerType) {
  const std::vector<int> v(7);
  const Shape shape{v.size(), 10, std::int64_t{3}};
  EXPECT_EQ(shape.rank(), 3);
  EXPECT_EQ(shape[0], 7);
  EXPECT_EQ(shape.numel(), 210);
  EXPECT_EQ(zeros({v.size(), 10}).shape(), Shape(7, 10));
}

TEST(Shape, OfAScalarHasNoDimensionAndOneElement) {
  EXPECT_EQ(Shape().rank(), 0);
  EXPECT_EQ(Shape().numel(), 1);
  EXPECT_EQ(zeros({}).shape(), Shape());
  EXPECT_EQ(zeros({}).item(), 0);
}

TEST(Shape, ComparesSizesAndRank) {
  EXPECT_EQ(Shape(2, 3), Shape(2, 3));
  EXPECT_NE(Shape(2, 3), Shape(3, 2));
  EXPECT_NE(Shape(2), Shape(2, 1));
  EXPECT_NE(Shape(), Shape(1));
}

TEST(Shape, CanBeIteratedOver) {
  const Shape shape(2, 3, 4);
  EXPECT_EQ(std::accumulate(shape.begin(), shape.end(), std::int64_t{0}), 9);
}

TEST(Shape, Prints) {
  EXPECT_EQ(message(Shape(32, 10)), "[32, 10]");
  EXPECT_EQ(message(Shape(5)), "[5]");
  EXPECT_EQ(message(Shape()), "[]");
}

TEST(Shape, MadeAtRunTimeHasAtMostEightDimensions) {
  const std::array<std::int64_t, 9> sizes{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::span<const std::int64_t> all(sizes);
  EXPECT_EQ(Shape(all.first(8)), Shape(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ(Shape(all.first(0)), Shape());
  expect_error<ShapeError>("Shape: 9 dimensions: at most 8", [&] { return Shape(all); });
}

TEST(DType, PrintsAndKnowsItsSize) {
  EXPECT_EQ(message(DType::float32, " ", DType::float64), "float32 float64");
  EXPECT_EQ(size_of(DType::float32), 4);
  EXPECT_EQ(size_of(DType::float64), 8);
  EXPECT_EQ(dtype_of<float>, DType::float32);
  EXPECT_EQ(dtype_of<double>, DType::float64);
}

TEST(Device, PrintsAndCompares) {
  EXPECT_EQ(message(Device::cpu(), " ", Device::cuda(), " ", Device::cuda(2)), "cpu cuda:0 cuda:2");
  EXPECT_EQ(Device::cuda(), Device::cuda(0));
  EXPECT_NE(Device::cuda(0), Device::cuda(1));
  EXPECT_NE(Device::cpu(), Device::cuda());
  EXPECT_TRUE(Device::cpu().is_cpu());
  EXPECT_TRUE(Device::cuda(1).is_cuda());
  EXPECT_EQ(Device::cuda(3).index(), 3);
}

TEST(Error, IsTheBaseOfAllAndARuntimeError) {
  try {
    throw ShapeError("op: text");
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "op: text");
    EXPECT_NE(dynamic_cast<const Error*>(&error), nullptr);
  }
}

TEST(Version, OfTheHeadersIsThatOfTheLibrary) { EXPECT_STREQ(version(), KINDLING_VERSION); }

TEST(Cuda, SaysWhatIsMissing) {
  if (kindling::cuda::is_available()) GTEST_SKIP() << "this machine has a GPU";
  const std::string why = kernels::cuda::why_unavailable(0);
  EXPECT_TRUE(why.ends_with("use Device::cpu()")) << why;
  expect_error<DeviceError>("device cuda:0: " + why,
                            [] { return zeros({2}, {.device = Device::cuda()}); });
  const Tensor x = zeros({2});
  expect_error<DeviceError>("device cuda:1: " + kernels::cuda::why_unavailable(1),
                            [&] { return x.to(Device::cuda(1)); });
  expect_error<DeviceError>("cuda::device_name: " + why,
                            [] { return kindling::cuda::device_name(); });
  EXPECT_THROW(kindling::cuda::device_name(), DeviceError);
  EXPECT_THROW(kindling::cuda::synchronize(), DeviceError);
  EXPECT_THROW(kindling::cuda::memory_stats(), DeviceError);
  EXPECT_THROW(kindling::cuda::stream(), DeviceError);
}

}  // namespace
}  // namespace kindling::test
