// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"

#include <array>
#include <limits>

namespace kindling::test {
namespace {

TEST(Makers, FillTheirTensor) {
  for (const Device device : available_devices()) {
    for (const DType dtype : kDTypes) {
      const TensorOptions options{.dtype = dtype, .device = device};
      EXPECT_TRUE(same(zeros({2, 3}, options), {{2, 3}, {0, 0, 0, 0, 0, 0}}));
      EXPECT_TRUE(same(ones({2}, options), {{2}, {1, 1}}));
      EXPECT_TRUE(same(full({1, 2}, -2.5, options), {{1, 2}, {-2.5, -2.5}}));
      EXPECT_EQ(empty({4, 5}, options).shape(), Shape(4, 5));
      const Tensor x = zeros({2}, options);
      EXPECT_EQ(x.dtype(), dtype);
      EXPECT_EQ(x.device(), device);
      EXPECT_FALSE(x.requires_grad());
    }
  }
}

TEST(Makers, CanAskForAGradient) {
  const TensorOptions options{.requires_grad = true};
  EXPECT_TRUE(zeros({2}, options).requires_grad());
  EXPECT_TRUE(tensor({1, 2}, options).requires_grad());
  EXPECT_TRUE(arange(3, options).requires_grad());
  EXPECT_TRUE(rand({2}, options).requires_grad());
  EXPECT_TRUE(from_data(std::vector{1.0f}, {1}, {.requires_grad = true}).requires_grad());
}

TEST(Makers, SpreadEvenlyAndMakeMatrices) {
  for (const DType dtype : kDTypes) {
    const TensorOptions options{.dtype = dtype};
    EXPECT_TRUE(same(linspace(-1, 1, 5, options), {{5}, {-1, -0.5, 0, 0.5, 1}}));
    EXPECT_TRUE(same(linspace(3, 7, 1, options), {{1}, {3}}));
    EXPECT_EQ(linspace(0, 1, 0, options).numel(), 0);
    EXPECT_TRUE(same(eye(2, options), {{2, 2}, {1, 0, 0, 1}}));
    EXPECT_TRUE(same(one_hot(tensor({{2, 0}, {5, -1}}, options), 3),
                     {{2, 2, 3}, {0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}}));
  }
  EXPECT_TRUE(eye(2, {.requires_grad = true}).requires_grad());
  EXPECT_TRUE(eye(2, {.requires_grad = true}).impl()->producer.get() == nullptr);
  expect_error<ValueError>(
      "linspace: -1 values from 0 to 1: the count must be at least 0, start and end finite",
      [] { return linspace(0, 1, -1); });
  expect_error<ShapeError>("eye: negative size in shape [-1, -1]", [] { return eye(-1); });
  expect_error<ValueError>("one_hot: 0 classes: at least 1 is needed",
                           [] { return one_hot(zeros({1}), 0); });
}

TEST(Makers, LikeAnotherTensor) {
  for (const DType dtype : kDTypes) {
    const Tensor x = full({2, 3}, 5, {.dtype = dtype, .requires_grad = true});
    EXPECT_TRUE(same(zeros_like(x), {{2, 3}, {0, 0, 0, 0, 0, 0}}));
    EXPECT_TRUE(same(ones_like(x), {{2, 3}, {1, 1, 1, 1, 1, 1}}));
    EXPECT_TRUE(same(full_like(x, 2), {{2, 3}, {2, 2, 2, 2, 2, 2}}));
    for (const Tensor& y : {empty_like(x), zeros_like(x), rand_like(x), randn_like(x)}) {
      EXPECT_EQ(y.shape(), x.shape());
      EXPECT_EQ(y.dtype(), dtype);
      EXPECT_EQ(y.device(), x.device());
      EXPECT_FALSE(y.requires_grad());
    }
  }
  expect_error<ValueError>(undefined("zeros_like"), [] { return zeros_like(Tensor()); });
}

TEST(Makers, OfNothing) {
  EXPECT_EQ(zeros({0}).numel(), 0);
  EXPECT_EQ(ones({3, 0, 2}).to_vector<float>(), std::vector<float>{});
  EXPECT_EQ(from_data(std::vector<double>{}, {0, 4}).shape(), Shape(0, 4));
}

TEST(Makers, RefuseANegativeSize) {
  expect_error<ShapeError>("zeros: negative size in shape [2, -1]", [] { return zeros({2, -1}); });
  expect_error<ShapeError>("ones: negative size in shape [-3]", [] { return ones({-3}); });
  expect_error<ShapeError>("full: negative size in shape [-3]", [] { return full({-3}, 1); });
  expect_error<ShapeError>("empty: negative size in shape [-3]", [] { return empty({-3}); });
  expect_error<ShapeError>("from_data: negative size in shape [-1, -2]", [] {
    return from_data(std::vector{1.0f, 2.0f}, {-1, -2});
  });
  float value = 0;
  expect_error<ShapeError>("borrow: negative size in shape [-1]",
                           [&] { return borrow(&value, {-1}); });
}

TEST(Makers, RefuseMoreElementsThanCanBeCounted) {
  const std::int64_t many = std::int64_t{1} << 40;
  expect_error<ShapeError>(
      "zeros: shape [1099511627776, 1099511627776] has more elements than can be counted", [&] {
        return zeros({many, many});
      });
  EXPECT_THROW(zeros({std::int64_t{1} << 60}, {.dtype = DType::float64}), ShapeError);
}

TEST(Makers, SayHowMuchMemoryCouldNotBeHad) {
  const OnCpu on_cpu;
  expect_error<OutOfMemoryError>(
      "cpu: 1152921504606846976 bytes of memory could not be had: free tensors or use smaller ones",
      [] { return zeros({std::int64_t{1} << 58}); });
  EXPECT_EQ(ones({2}).sum().item(), 2);  // the program goes on
}

TEST(Arange, CountsUpToButNotIncludingTheEnd) {
  for (const DType dtype : kDTypes) {
    const TensorOptions options{.dtype = dtype};
    EXPECT_TRUE(same(arange(4, options), {{4}, {0, 1, 2, 3}}));
    EXPECT_TRUE(same(arange(1, 2, 0.25, options), {{4}, {1, 1.25, 1.5, 1.75}}));
    EXPECT_TRUE(same(arange(1, 2.1, 0.5, options), {{3}, {1, 1.5, 2}}));
    EXPECT_TRUE(same(arange(3, 0, -1, options), {{3}, {3, 2, 1}}));
    EXPECT_EQ(arange(5, 5, 1, options).shape(), Shape(0));
    EXPECT_EQ(arange(0, options).shape(), Shape(0));
  }
  const Tensor many = arange(100000, {.dtype = DType::float64});
  EXPECT_EQ(many[99999].item(), 99999);
  EXPECT_EQ(many[40001].item(), 40001);
}

TEST(Arange, RefusesAStepThatDoesNotLeadToTheEnd) {
  const std::string what_to_do = ": step must be finite, not 0, and lead from start to end";
  expect_error<ValueError>(
      "arange: start 0, end 1e+30, step 1: 1e+30 elements are more than a tensor can have",
      [] { return arange(0, 1e30); });
  expect_error<ValueError>("arange: start 0, end 5, step -1" + what_to_do,
                           [] { return arange(0, 5, -1); });
  expect_error<ValueError>("arange: start 0, end 5, step 0" + what_to_do,
                           [] { return arange(0, 5, 0); });
  expect_error<ValueError>("arange: start 0, end 0, step 0" + what_to_do,
                           [] { return arange(0, 0, 0); });
  expect_error<ValueError>("arange: start 0, end -2, step 1" + what_to_do,
                           [] { return arange(-2); });
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect_error<ValueError>("arange: start 0, end nan, step 1" + what_to_do,
                           [&] { return arange(nan); });
}

TEST(TensorOfBraces, NestsToAnyDepth) {
  EXPECT_TRUE(same(tensor(3), {{}, {3}}));
  EXPECT_TRUE(same(tensor({1, 2.5, -3}), {{3}, {1, 2.5, -3}}));
  EXPECT_TRUE(same(tensor({{1, 2}, {3, 4}, {5, 6}}), {{3, 2}, {1, 2, 3, 4, 5, 6}}));
  EXPECT_TRUE(same(tensor({{{1, 2}}, {{3, 4}}}), {{2, 1, 2}, {1, 2, 3, 4}}));
  EXPECT_TRUE(same(tensor({{1}}), {{1, 1}, {1}}));
  EXPECT_TRUE(same(tensor({{7, 8}}), {{1, 2}, {7, 8}}));
  EXPECT_TRUE(same(tensor({{7}, {8}}), {{2, 1}, {7, 8}}));
}

TEST(TensorOfBraces, IsFloat32UnlessTold) {
  EXPECT_EQ(tensor({0.1}).dtype(), DType::float32);
  EXPECT_EQ(tensor({0.1})[0].item(), static_cast<double>(0.1f));
  EXPECT_EQ(tensor({0.1}, {.dtype = DType::float64})[0].item(), 0.1);
}

TEST(TensorOfBraces, RefusesRaggedRows) {
  const std::string text =
      "tensor: nested lists differ in length or depth: every row needs the same";
  expect_error<ShapeError>(text, [] { return tensor({{1, 2}, {3}}); });
  expect_error<ShapeError>(text, [] { return tensor({{1, 2}, 3}); });
  expect_error<ShapeError>(text, [] { return tensor({{{1}, {2}}, {{3}}}); });
}

TEST(FromData, CopiesAndTakesTheDTypeOfTheData) {
  for (const Device device : available_devices()) {
    std::vector<float> singles{1, 2, 3, 4};
    const Tensor x = from_data(singles, {2, 2}, {.device = device});
    singles[0] = 9;
    EXPECT_EQ(x.dtype(), DType::float32);
    EXPECT_TRUE(same(x, {{2, 2}, {1, 2, 3, 4}}));
  }
  const std::array<double, 3> doubles{0.1, 0.2, 0.3};
  const Tensor y = from_data(doubles, {3});
  EXPECT_EQ(y.dtype(), DType::float64);
  EXPECT_TRUE(same(y, {{3}, {0.1, 0.2, 0.3}}));
  EXPECT_TRUE(same(from_data(std::span(doubles).subspan(1), {2}), {{2}, {0.2, 0.3}}));
}

TEST(FromData, RefusesAnotherNumberOfValues) {
  expect_error<ShapeError>("from_data: 3 values do not fill shape [2, 2] with 4 elements", [] {
    return from_data(std::vector{1.0, 2.0, 3.0}, {2, 2});
  });
}

TEST(Borrow, SharesTheProgramsMemory) {
  std::vector<double> memory{1, 2, 3, 4};
  const Tensor x = borrow(memory.data(), {2, 2});
  EXPECT_EQ(x.data<double>(), memory.data());
  memory[3] = 7;
  EXPECT_EQ(x[1][1].item(), 7);
  x.fill_(5);
  EXPECT_EQ(memory, (std::vector<double>{5, 5, 5, 5}));
}

TEST(Borrow, RefusesWhatItCannotShare) {
  float* nothing = nullptr;
  expect_error<ValueError>("borrow: data is a null pointer", [&] { return borrow(nothing, {2}); });
  EXPECT_EQ(borrow(nothing, {0}).numel(), 0);
  float value = 0;
  expect_error<DeviceError>(
      "borrow: memory of the program is on cpu, not cuda:0: use from_data(), which copies",
      [&] { return borrow(&value, {1}, {.device = Device::cuda()}); });
}

}  // namespace
}  // namespace kindling::test
