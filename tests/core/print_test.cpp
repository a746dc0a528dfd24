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

TEST_F(Print, BreaksLongRows) {
  EXPECT_EQ(message(arange(12)),
            "[ 0.0000,  1.0000,  2.0000,  3.0000,  4.0000,  5.0000,  6.0000,  7.0000,\n"
            "  8.0000,  9.0000, 10.0000, 11.0000]\n"
            "shape [12], float32, cpu");
}

TEST_F(Print, WholeNumbersAsTheyAre) {
  const std::vector<std::int64_t> values = {-1, 0, 9007199254740993, 12};
  EXPECT_EQ(message(from_data(values, {2, 2})),
            "[[              -1,                0],\n"
            " [9007199254740993,               12]]\n"
            "shape [2, 2], int64, cpu");
  EXPECT_EQ(message(zeros({0}, {.dtype = int64})), "[]\nshape [0], int64, cpu");
}

TEST_F(Print, AbridgesMoreThanAThousandElements) {
  const std::string thousand = message(zeros({1000}));
  EXPECT_EQ(thousand.find("..."), std::string::npos);
  EXPECT_EQ(message(arange(1001)),
            "[   0.0000,    1.0000,    2.0000, ...,  998.0000,  999.0000, 1000.0000]\n"
            "shape [1001], float32, cpu");
  EXPECT_EQ(message(arange(1200).reshape({600, 2})),
            "[[   0.0000,    1.0000],\n"
            " [   2.0000,    3.0000],\n"
            " [   4.0000,    5.0000],\n"
            " ...,\n"
            " [1194.0000, 1195.0000],\n"
            " [1196.0000, 1197.0000],\n"
            " [1198.0000, 1199.0000]]\n"
            "shape [600, 2], float32, cpu");
}

// The width is that of the numbers that are shown.
TEST_F(Print, HiddenNumbersDoNotWiden) {
  const Tensor x = zeros({1001});
  x[500].fill_(1e10);
  EXPECT_EQ(message(x),
            "[0.0000, 0.0000, 0.0000, ..., 0.0000, 0.0000, 0.0000]\nshape [1001], float32, cpu");
}

TEST_F(Print, Nothing) {
  EXPECT_EQ(message(zeros({0})), "[]\nshape [0], float32, cpu");
  EXPECT_EQ(message(zeros({2, 0})), "[[],\n []]\nshape [2, 0], float32, cpu");
  EXPECT_EQ(message(Tensor()), "undefined tensor");
}

}  // namespace
}  // namespace kindling::test
