// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/host_device.h>

#include <cstdint>

namespace kindling::math {

/// A mixing of 64 bits: the finaliser of SplitMix64 (Steele, Lea & Flood, OOPSLA'14; constants by
/// Stafford).
KINDLING_HOST_DEVICE std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// A random-looking permutation of 0 .. n - 1 that is a function of seed, epoch and position alone:
/// no memory, any position at any time. A Feistel network permutes the numbers of just enough bits;
/// one that falls outside n is sent through again until it does not (cycle walking: Black &
/// Rogaway, CT-RSA 2002), at most twice on average.
class Permutation {
 public:
  KINDLING_HOST_DEVICE Permutation(std::uint64_t n, std::uint64_t seed, std::uint64_t epoch)
      : n_(n), key_(mix(mix(seed + kStep) + epoch)) {
    while (n > (std::uint64_t{1} << bits_) && bits_ < 63) ++bits_;
    rounds_ = bits_ < 10 ? 12 : 6;  // halves of few bits mix slowly
  }

  /// The number at position i < n.
  KINDLING_HOST_DEVICE std::uint64_t operator()(std::uint64_t i) const {
    do i = scramble(i);
    while (i >= n_);
    return i;
  }

 private:
  /// A bijection of the numbers of bits_ bits: a function of each half in turn is added to the
  /// other. (With exclusive or in place of the sum, every such bijection is an even permutation.)
  KINDLING_HOST_DEVICE std::uint64_t scramble(std::uint64_t i) const {
    const int low_bits = bits_ / 2;
    const std::uint64_t low_mask = (std::uint64_t{1} << low_bits) - 1;
    const std::uint64_t high_mask = (std::uint64_t{1} << (bits_ - low_bits)) - 1;
    std::uint64_t low = i & low_mask;
    std::uint64_t high = i >> low_bits;
    std::uint64_t key = key_;
    for (int round = 0; round < rounds_; ++round) {
      high = (high + mix(low + (key += kStep))) & high_mask;
      low = (low + mix(high + (key += kStep))) & low_mask;
    }
    return high << low_bits | low;
  }

  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15u;  // 2^64 / golden ratio

  std::uint64_t n_;
  std::uint64_t key_;
  int bits_ = 0;
  int rounds_;
};

}  // namespace kindling::math
