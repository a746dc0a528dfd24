// SPDX-License-Identifier: MIT
// What a step of a schedule costs: the pure value alone, and scheduler.step() with an optimizer.
#include <kindling/kindling.h>

#include "bench/repeat.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

namespace kindling::bench {
namespace {

using benchmark::State;
using schedulers::Schedule;

void evaluate(State& state, const Schedule& schedule) {
  std::int64_t t = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(schedule(t, 0.1));
    t = (t + 1) % 1000;
  }
}

void scheduler_step(State& state, const Schedule& schedule) {
  const nn::Linear model(10, 1);
  optim::SGD optimizer(model.parameters(), {.lr = 0.1});
  schedulers::LRScheduler scheduler(optimizer, schedule);
  (model(randn({1, 10}))).sum().backward();
  optimizer.step();
  repeat(state, {}, [&] { scheduler.step(); });
}

struct Case {
  const char* name;
  Schedule schedule;
};

int register_all() {
  using namespace kindling::schedulers;
  const Case cases[] = {
      {"constant", constant({.factor = 0.5, .total_iters = 100})},
      {"cosine", cosine({.T_max = 1000})},
      {"multi_step", multi_step({.milestones = {100, 300, 900}})},
      {"one_cycle", one_cycle({.max_lr = 0.1, .total_steps = 1000})},
      {"lambda", lambda([](std::int64_t t) { return 1.0 / static_cast<double>(t + 1); })},
      {"warmup_then_cosine", warmup(100).then(cosine({.T_max = 900}))},
      {"warmup_times_exponential", warmup(100) * exponential({.gamma = 0.999})},
  };
  for (const auto& [name, schedule] : cases) {
    const std::string suffix = std::string("/") + name;
    benchmark::RegisterBenchmark(("evaluate" + suffix).c_str(), evaluate, schedule);
    benchmark::RegisterBenchmark(("scheduler_step" + suffix).c_str(), scheduler_step, schedule)
        ->UseRealTime();
  }
  return 0;
}

[[maybe_unused]] const int registered = register_all();

}  // namespace
}  // namespace kindling::bench
