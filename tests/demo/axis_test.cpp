// SPDX-License-Identifier: MIT
#include "demo/axis.h"

#include <gtest/gtest.h>

namespace kindling::demo {
namespace {

using Strings = std::vector<std::string>;

Strings labels(const Axis& axis) {
  Strings result;
  for (const Tick& tick : axis.ticks()) {
    if (!tick.label.empty()) result.push_back(tick.label);
  }
  return result;
}

TEST(Axis, LinearTicksAreRound) {
  EXPECT_EQ(labels(Axis::linear(0, 2400, 8)), (Strings{"0", "500", "1,000", "1,500", "2,000"}));
  EXPECT_EQ(labels(Axis::linear(-1, 1, 4)), (Strings{"-1.0", "-0.5", "0", "0.5", "1.0"}));
}

TEST(Axis, RoundedEndsAreTicks) {
  const Axis axis = Axis::linear_rounded(0.003, 0.097, 4);
  EXPECT_EQ(labels(axis), (Strings{"0", "0.02", "0.04", "0.06", "0.08", "0.10"}));
  EXPECT_DOUBLE_EQ(axis.position(0), 0);
  EXPECT_DOUBLE_EQ(axis.position(0.1), 1);
}

TEST(Axis, TinyNumbersHaveAPowerOfTen) {
  EXPECT_EQ(labels(Axis::linear_rounded(0, 3e-5, 3)), (Strings{"0", "1×10⁻⁵", "2×10⁻⁵", "3×10⁻⁵"}));
}

TEST(Axis, LogarithmicLabelsStandOnDecades) {
  EXPECT_EQ(labels(Axis::logarithmic(0.004, 3)), (Strings{"0.01", "0.1", "1"}));
  EXPECT_EQ(labels(Axis::logarithmic(1e-6, 1)),
            (Strings{"10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰"}));
}

TEST(Axis, AShortLogarithmicRangeHasLabelsBetween) {
  EXPECT_EQ(labels(Axis::logarithmic(0.9, 11)), (Strings{"1", "2", "5", "10"}));
}

TEST(Axis, LogarithmicPositionsAreOfTheLogarithm) {
  const Axis axis = Axis::logarithmic(0.01, 1);
  EXPECT_NEAR(axis.position(0.1), 0.5, 1e-12);
}

TEST(Axis, ARangeOfNoExtentIsWidened) {
  for (const double value : {0.0, 3.0, -2e-9, 1e300}) {
    const Axis axis = Axis::linear_rounded(value, value, 4);
    EXPECT_GT(axis.position(value), 0) << value;
    EXPECT_LT(axis.position(value), 1) << value;
    EXPECT_GE(axis.ticks().size(), 2U) << value;
  }
}

}  // namespace
}  // namespace kindling::demo
