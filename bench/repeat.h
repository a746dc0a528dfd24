// SPDX-License-Identifier: MIT
// How a Google Benchmark program repeats what it measures, on either device. Times are those of the
// clock: a GPU's work takes no time of the processor.
#pragma once

#include "bench/device.h"

#include <benchmark/benchmark.h>

#include <type_traits>

namespace kindling::bench {

/// What one call must move to and from memory, and the multiplications and additions of its
/// products; 0 where they are not the point.
struct Costs {
  double bytes = 0;
  double flops = 0;
};

/// Calls `call` as often as the benchmark asks. A GPU is waited for once in a while: what is timed
/// is how long its work takes, or the time to queue it where that is longer.
template <class Call>
void repeat(benchmark::State& state, const Costs& costs, const Call& call) {
  constexpr benchmark::IterationCount kCallsPerWait = 100;
  const auto run = [&] {
    if constexpr (std::is_void_v<std::invoke_result_t<const Call&>>)
      call();
    else
      benchmark::DoNotOptimize(call());
  };
  if (default_device().is_cpu()) {
    for (auto _ : state) run();
  } else {
    run();  // the first call loads kernels and asks for memory
    wait_for_device();
    while (state.KeepRunningBatch(kCallsPerWait)) {
      for (benchmark::IterationCount i = 0; i < kCallsPerWait; ++i) run();
      wait_for_device();
    }
  }
  const auto rate = [](double value) {
    return benchmark::Counter(value, benchmark::Counter::kIsIterationInvariantRate);
  };
  if (costs.bytes > 0) state.counters["bytes/s"] = rate(costs.bytes);
  if (costs.flops > 0) state.counters["FLOP/s"] = rate(costs.flops);
}

}  // namespace kindling::bench
