// SPDX-License-Identifier: MIT
#include <kindling/kernels/strides.h>

#include "tests/kernels/kernel_test.h"

namespace kindling::test {
namespace {

using namespace kernels;

struct CopyCase {
  const char* name;
  std::vector<std::int64_t> size;
  std::vector<std::int64_t> source;  // strides
  std::vector<std::int64_t> target;
};

const std::vector<CopyCase>& copy_cases() {
  static const std::vector<CopyCase> list = {
      {"scalar", {}, {}, {}},
      {"empty", {3, 0}, {0, 1}, {0, 1}},
      {"contiguous", {7, 5}, {5, 1}, {5, 1}},
      {"large", {70001}, {1}, {1}},
      {"transpose", {5, 7}, {1, 5}, {7, 1}},
      {"transpose of whole tiles", {64, 32}, {1, 64}, {32, 1}},
      {"large transpose", {301, 403}, {1, 301}, {403, 1}},
      {"batch of transposes", {4, 5, 7}, {35, 1, 5}, {35, 7, 1}},
      {"many small transposes", {3000, 5, 7}, {35, 1, 5}, {35, 7, 1}},
      {"outer transpose", {3, 4, 6}, {6, 18, 1}, {24, 6, 1}},
      {"outermost with innermost", {3, 4, 6}, {1, 3, 12}, {24, 6, 1}},
      {"slice of columns", {20, 3}, {10, 1}, {3, 1}},
      {"into a slice", {20, 3}, {3, 1}, {10, 1}},
      {"broadcast row", {200, 7}, {0, 1}, {7, 1}},
      {"broadcast column", {200, 7}, {1, 0}, {7, 1}},
  };
  return list;
}

std::int64_t extent(const CopyCase& c, const std::vector<std::int64_t>& strides) {
  std::int64_t last = 0;
  for (std::size_t d = 0; d < c.size.size(); ++d) {
    if (c.size[d] == 0) return 0;
    last += (c.size[d] - 1) * strides[d];
  }
  return last + 1;
}

template <class From, class To>
void check(Backend& backend) {
  for (const CopyCase& c : copy_cases()) {
    SCOPED_TRACE(c.name);
    Strides walk;
    walk.rank = static_cast<int>(c.size.size());
    std::int64_t numel = 1;
    for (std::size_t d = 0; d < c.size.size(); ++d) {
      walk.size[d] = c.size[d];
      walk.first[d] = c.source[d];
      walk.second[d] = c.target[d];
      numel *= c.size[d];
    }
    const std::vector<From> source = spread<From>(extent(c, c.source), -1, 1);
    Buffer<From> in(backend, source);
    for (const bool accumulate : {false, true}) {
      const std::vector<To> before(static_cast<std::size_t>(extent(c, c.target)), To(3));
      std::vector<double> expected(before.begin(), before.end());
      for (std::int64_t i = 0; i < numel; ++i) {
        std::int64_t rest = i, from = 0, to = 0;
        for (int d = walk.rank - 1; d >= 0; --d) {
          from += rest % walk.size[d] * walk.first[d];
          to += rest % walk.size[d] * walk.second[d];
          rest /= walk.size[d];
        }
        const To value = static_cast<To>(source[static_cast<std::size_t>(from)]);
        expected[static_cast<std::size_t>(to)] =
            static_cast<double>(accumulate ? To(3) + value : value);
      }
      expect_near(run_kernel<To>(backend, before,
                                 [&](View out) {
                                   run(backend, Copy{in.view(), out, walk, accumulate});
                                 }),
                  expected, 0);
    }
  }
}

TEST(Copy, WalksInAsFewDimensionsAsPossible) {
  const Strides equal{.rank = 3, .size = {2, 3, 4}, .first = {12, 4, 1}, .second = {12, 4, 1}};
  const Strides row{.rank = 3, .size = {2, 3, 4}, .first = {12, 4, 1}, .second = {0, 0, 1}};
  EXPECT_EQ(coalesced(equal).rank, 1);
  EXPECT_EQ(coalesced(equal).size[0], 24);
  EXPECT_EQ(coalesced(row).rank, 2);
  EXPECT_EQ(coalesced(row).size[0], 6);
}

TEST(Copy, FollowsStridesAndConverts) {
  on_every_backend([](Backend& backend) {
    check<float, float>(backend);
    check<double, double>(backend);
    check<float, double>(backend);
    check<double, float>(backend);
  });
}

}  // namespace
}  // namespace kindling::test
