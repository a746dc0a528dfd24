// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

namespace kindling::demo {

struct Point {
  double x, y;
};

/// The fewest points, ends included, whose polyline stays within `tolerance` of that through
/// `points`, x ascending, so that a curve of a million steps is a small drawing that looks the
/// same. Of the points in one unit of x only the first, the lowest, the highest and the last are
/// looked at; then Douglas and Peucker's algorithm.
std::vector<Point> simplified(const std::vector<Point>& points, double tolerance);

}  // namespace kindling::demo
