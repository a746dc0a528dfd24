// SPDX-License-Identifier: MIT
#include "demo/outline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace kindling::demo {
namespace {

// First, lowest, highest and last of the points of each unit of x, in order.
std::vector<Point> thinned(const std::vector<Point>& points) {
  std::vector<Point> kept;
  const auto by_height = [](const Point& a, const Point& b) { return a.y < b.y; };
  for (auto first = points.begin(); first != points.end();) {
    const double unit = std::floor(first->x);
    const auto end = std::find_if(first, points.end(),
                                  [unit](const Point& p) { return std::floor(p.x) != unit; });
    const auto [lowest, highest] = std::minmax_element(first, end, by_height);
    std::array chosen{first, lowest, highest, end - 1};
    std::sort(chosen.begin(), chosen.end());
    const auto last = std::unique(chosen.begin(), chosen.end());
    for (auto point = chosen.begin(); point != last; ++point) kept.push_back(**point);
    first = end;
  }
  return kept;
}

double distance_to_line(const Point& p, const Point& a, const Point& b) {
  const double length = std::hypot(b.x - a.x, b.y - a.y);
  if (length == 0.0) return std::hypot(p.x - a.x, p.y - a.y);
  return std::abs((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)) / length;
}

}  // namespace

std::vector<Point> simplified(const std::vector<Point>& all, double tolerance) {
  const std::vector<Point> points = thinned(all);
  if (points.size() < 3) return points;
  std::vector<bool> keep(points.size(), false);
  keep.front() = keep.back() = true;
  std::vector<std::pair<std::size_t, std::size_t>> spans{{0, points.size() - 1}};
  while (!spans.empty()) {
    const auto [first, last] = spans.back();
    spans.pop_back();
    std::size_t farthest = first;
    double most = tolerance;
    for (std::size_t i = first + 1; i < last; ++i) {
      const double distance = distance_to_line(points[i], points[first], points[last]);
      if (distance > most) {
        most = distance;
        farthest = i;
      }
    }
    if (farthest == first) continue;
    keep[farthest] = true;
    spans.insert(spans.end(), {{first, farthest}, {farthest, last}});
  }
  std::vector<Point> result;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (keep[i]) result.push_back(points[i]);
  }
  return result;
}

}  // namespace kindling::demo
