// SPDX-License-Identifier: MIT
// The multiply-adds that this machine does from registers: the 100 % of the products' speed.
#include "bench/baseline/lanes.h"
#include "bench/baseline/parallel.h"
#include "bench/command_line.h"
#include "bench/report.h"
#include "bench/timing.h"

#include <cstddef>
#include <cstdint>

namespace kindling::bench {
namespace {

constexpr std::size_t kChains = 12;  // enough to hide the latency of two units, and 16 registers
constexpr std::int64_t kRounds = 100'000;

float run_chains(float factor) {
  const Lanes multiplier = factor + Lanes{};
  Lanes sums[kChains];
  for (std::size_t i = 0; i < kChains; ++i) sums[i] = multiplier * static_cast<float>(i);
  for (std::int64_t round = 0; round < kRounds; ++round) {
    for (Lanes& sum : sums) sum = sum * multiplier + multiplier;
  }
  Lanes total = {};
  for (const Lanes& sum : sums) total += sum;
  return sum_of(total);
}

}  // namespace
}  // namespace kindling::bench

int main(int argc, char** argv) {
  using namespace kindling::bench;
  const Options options = parse_command_line(argc, argv);
  if (!options.selects("peak")) return 0;
  set_thread_count(options.threads);
  const std::int64_t threads = options.threads;
  volatile float factor = 0.5F;
  volatile float sink = 0.0F;
  const Timing timing = measure(
      [&] {
        // Every thread is given 16 rows, the smallest part.
        parallel_ranges(16 * threads, std::int64_t{1} << 20,
                        [&](std::int64_t, std::int64_t) { sink = run_chains(factor); });
      },
      options.seconds);
  const double flops = 2.0 * static_cast<double>(kChains * kLanes) * static_cast<double>(kRounds) *
                       static_cast<double>(threads);
  print_result({"peak", "peak", options.threads, timing, flops, 0.0});
}
