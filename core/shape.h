// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <span>

namespace kindling {

/// The most dimensions a tensor can have.
inline constexpr int kMaxRank = 8;

/// Sizes of a tensor's dimensions, outermost first. `Shape()` is that of a scalar: no dimensions,
/// one element.
class KINDLING_API Shape {
 public:
  constexpr Shape() noexcept = default;

  /// `Shape(32, 10)`, or `{32, 10}` where a Shape is expected; any integer types may be mixed.
  constexpr Shape(std::integral auto... sizes) noexcept  // NOLINT(google-explicit-constructor)
      : sizes_{static_cast<std::int64_t>(sizes)...}, rank_(static_cast<int>(sizeof...(sizes))) {
    static_assert(sizeof...(sizes) <= kMaxRank, "a Shape has at most 8 dimensions");
  }

  /// Sizes known only at run time. ShapeError for more than kMaxRank of them.
  explicit Shape(std::span<const std::int64_t> sizes);

  constexpr int rank() const noexcept { return rank_; }

  /// Number of elements: the product of the sizes, 1 for a scalar. ShapeError when 63 bits cannot
  /// count them.
  constexpr std::int64_t numel() const {
    std::int64_t product = 1;
    for (int d = 0; d < rank_; ++d) {
      if (__builtin_mul_overflow(product, sizes_[static_cast<std::size_t>(d)], &product)) {
        throw_uncountable("Shape");
      }
    }
    return product;
  }
  /// The ShapeError that says so on behalf of `op`.
  [[noreturn, gnu::cold]] void throw_uncountable(const char* op) const;

  /// Size of dimension d in [0, rank), unchecked; Tensor::size(d) checks and counts negative ones
  /// from the end.
  constexpr std::int64_t operator[](int d) const noexcept {
    return sizes_[static_cast<std::size_t>(d)];
  }
  constexpr std::int64_t& operator[](int d) noexcept { return sizes_[static_cast<std::size_t>(d)]; }

  constexpr const std::int64_t* begin() const noexcept { return sizes_.data(); }
  constexpr const std::int64_t* end() const noexcept { return sizes_.data() + rank_; }

  friend constexpr bool operator==(const Shape& a, const Shape& b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::array<std::int64_t, kMaxRank> sizes_{};
  int rank_ = 0;
};

/// Prints "[32, 10]"; a scalar's is "[]".
KINDLING_API std::ostream& operator<<(std::ostream& out, const Shape& shape);

}  // namespace kindling
