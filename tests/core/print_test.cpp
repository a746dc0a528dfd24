// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/devices.h"

#include <gtest/gtest.h>

#include <limits>

namespace kindling::test {
namespace {

class Print : public testing::Test {
  const OnCpu on_cpu_;
};

TEST_F(Print, AScalar) { EXPECT_EQ(message(tensor(1.5)), "1.5000\nshape [], float32, cpu"); }

TEST_F(Print, AlignsColumns) {
  EXPECT_EQ(message(tensor({{1, -2.5}, {100, 0.125}}, {.dtype = DType::float64})),
            "[[  1.0000,  -2.5000],\n"
            " [100.0000,   0.1250]]\n"
            "shape [2, 2], float64, cpu");
}

TEST_F(Print, ThreeDimensions) {
  EXPECT_EQ(message(tensor({{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}})),
            "[[[1.0000, 2.0000],\n"
            "  [3.0000, 4.0000]],\n"
            " [[5.0000, 6.0000],\n"
            "  [7.0000, 8.0000]]]\n"
            "shape [2, 2, 2], float32, cpu");
}

TEST_F(Print, ScientificWhereFourDecimalsSayNothing) {
  EXPECT_EQ(message(tensor({0, 1e-4, 123456, 0.001}, {.dtype = DType::float64})),
            "[    0.0000, 1.0000e-04, 1.2346e+05,     0.0010]\nshape [4], float64, cpu");
  EXPECT_EQ(message(tensor({1e300, -1e-300}, {.dtype = DType::float64})),
            "[ 1.0000e+300, -1.0000e-300]\nshape [2], float64, cpu");
}

TEST_F(Print, NaNAndInfinity) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message(tensor({infinity, -infinity, nan, -nan})),
            "[ inf, -inf,  nan,  nan]\nshape [4], float32, cpu");
}

TEST_F(Print, AbridgesLongDimensions) {
  EXPECT_EQ(message(arange(8)),
            "[0.0000, 1.0000, 2.0000, 3.0000, 4.0000, 5.0000, 6.0000, 7.0000]\n"
            "shape [8], float32, cpu");
  EXPECT_EQ(message(arange(9)),
            "[0.0000, 1.0000, 2.0000, ..., 6.0000, 7.0000, 8.0000]\nshape [9], float32, cpu");
  EXPECT_EQ(message(arange(20).reshape({10, 2})),
            "[[ 0.0000,  1.0000],\n"
            " [ 2.0000,  3.0000],\n"
            " [ 4.0000,  5.0000],\n"
            " ...,\n"
            " [14.0000, 15.0000],\n"
            " [16.0000, 17.0000],\n"
            " [18.0000, 19.0000]]\n"
            "shape [10, 2], float32, cpu");
}

// The width is that of the numbers that are shown.
TEST_F(Print, HiddenNumbersDoNotWiden) {
  const Tensor x = zeros({9});
  x[4].fill_(1e10);
  EXPECT_EQ(message(x),
            "[0.0000, 0.0000, 0.0000, ..., 0.0000, 0.0000, 0.0000]\nshape [9], float32, cpu");
}

TEST_F(Print, Nothing) {
  EXPECT_EQ(message(zeros({0})), "[]\nshape [0], float32, cpu");
  EXPECT_EQ(message(zeros({2, 0})), "[[],\n []]\nshape [2, 0], float32, cpu");
  EXPECT_EQ(message(Tensor()), "undefined tensor");
}

}  // namespace
}  // namespace kindling::test
