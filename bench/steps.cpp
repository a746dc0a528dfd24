// SPDX-License-Identifier: MIT
// Whole training steps, captured and eager: the works of bench/works.h.
#include "bench/kindling_step.h"
#include "bench/repeat.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

namespace kindling::bench {
namespace {

template <class Step>
void training_step(benchmark::State& state, const Work& work) {
  Step step(work);
  repeat(state, {.flops = product_flops(work)}, [&] { step.run(); });
}

int register_all() {
  for (const Work& work : works()) {
    benchmark::RegisterBenchmark(("captured_step/" + work.name).c_str(),
                                 training_step<CapturedStep>, work)
        ->UseRealTime();
    benchmark::RegisterBenchmark(("eager_step/" + work.name).c_str(), training_step<EagerStep>,
                                 work)
        ->UseRealTime();
  }
  return 0;
}

[[maybe_unused]] const int registered = register_all();

}  // namespace
}  // namespace kindling::bench
