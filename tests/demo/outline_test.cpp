// SPDX-License-Identifier: MIT
#include "demo/outline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace kindling::demo {
namespace {

// Height of the polyline at x.
double height(const std::vector<Point>& line, double x) {
  const auto right =
      std::find_if(line.begin() + 1, line.end() - 1, [x](const Point& p) { return p.x >= x; });
  const Point& a = *(right - 1);
  const Point& b = *right;
  return a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x);
}

TEST(Outline, AStraightLineIsTwoPoints) {
  std::vector<Point> line;
  for (int i = 0; i <= 500; ++i) line.push_back({i * 1.5, i * 0.3});
  EXPECT_EQ(simplified(line, 0.1).size(), 2U);
}

TEST(Outline, StaysWithinTheTolerance) {
  std::vector<Point> wave;
  for (int i = 0; i <= 700; ++i) wave.push_back({static_cast<double>(i), 100 * std::sin(i / 50.0)});
  const std::vector<Point> fewer = simplified(wave, 0.1);
  EXPECT_LT(fewer.size(), wave.size() / 3);
  for (const Point& point : wave) EXPECT_NEAR(height(fewer, point.x), point.y, 0.25) << point.x;
}

TEST(Outline, KeepsTheExtremesOfManyPoints) {
  std::vector<Point> noise;
  for (int i = 0; i < 100000; ++i) noise.push_back({i * 0.001, i == 54321 ? 99.0 : i % 7 * 1.0});
  const std::vector<Point> fewer = simplified(noise, 0.1);
  EXPECT_LE(fewer.size(), 400U);
  EXPECT_TRUE(std::any_of(fewer.begin(), fewer.end(), [](const Point& p) { return p.y == 99.0; }));
  EXPECT_EQ(fewer.front().x, noise.front().x);
  EXPECT_EQ(fewer.back().x, noise.back().x);
}

TEST(Outline, FewPointsStay) {
  EXPECT_TRUE(simplified({}, 0.1).empty());
  EXPECT_EQ(simplified({{1, 2}}, 0.1).size(), 1U);
  EXPECT_EQ(simplified({{1, 2}, {1, 5}}, 0.1).size(), 2U);
}

}  // namespace
}  // namespace kindling::demo
