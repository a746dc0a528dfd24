// SPDX-License-Identifier: MIT
// The one line of JSON that each program prints per result, for bench/compare to read.
#pragma once

#include "bench/timing.h"

#include <cstdio>
#include <string>

namespace kindling::bench {

struct Result {
  std::string implementation;
  std::string work;
  int threads = 1;
  Timing timing;
  double flops = 0.0;  // in the products of one step; 0 if they are not the point
  double bytes = 0.0;  // that the update of one step moves to and from memory
};

inline void print_result(const Result& result) {
  std::printf(
      "{\"implementation\": \"%s\", \"work\": \"%s\", \"threads\": %d, \"min_us\": %.6g, "
      "\"median_us\": %.6g, \"samples\": %zu, \"flops\": %.17g, \"bytes\": %.17g}\n",
      result.implementation.c_str(), result.work.c_str(), result.threads,
      result.timing.min_seconds * 1e6, result.timing.median_seconds * 1e6, result.timing.samples,
      result.flops, result.bytes);
  std::fflush(stdout);
}

/// The loss after a few steps, by which bench/compare sees that all programs do the same work.
inline void print_check(const std::string& implementation, const std::string& work, double loss) {
  std::printf("{\"implementation\": \"%s\", \"work\": \"%s\", \"check_loss\": %.9g}\n",
              implementation.c_str(), work.c_str(), loss);
  std::fflush(stdout);
}

}  // namespace kindling::bench
