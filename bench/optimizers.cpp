// SPDX-License-Identifier: MIT
// The optimizers' step() alone. bytes/s counts what the algorithm must read and write.
#include <kindling/kindling.h>

#include "bench/repeat.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

namespace kindling::bench {
namespace {

using benchmark::State;

// `count` tensors with `total` elements in all, each with a gradient.
std::vector<Tensor> parameters_of(std::int64_t total, std::int64_t count) {
  std::vector<Tensor> parameters;
  for (std::int64_t i = 0; i < count; ++i) {
    parameters.push_back(randn({total / count}, {.requires_grad = true}));
  }
  return parameters;
}

void give_gradients(const std::vector<Tensor>& parameters) {
  for (const Tensor& parameter : parameters) (parameter * 1e-2).sum().backward();
}

// Arguments of the benchmark: elements in all, tensors.
template <class Optimizer, class Options>
void optimizer_step(State& state, const Options& options, double bytes_of_parameter) {
  const std::vector<Tensor> parameters = parameters_of(state.range(0), state.range(1));
  Optimizer optimizer(parameters, options);
  give_gradients(parameters);
  repeat(state, {.bytes = bytes_of_parameter * static_cast<double>(state.range(0))},
         [&] { optimizer.step(); });
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Args({1, 1})->Args({1 << 16, 1})->Args({1 << 20, 1})->Args({1 << 24, 1});
  benchmark->Args({1 << 27, 1})->Args({9'999'900, 300})->UseRealTime();
}

void sgd_step(State& state, const optim::SGDOptions& options, double bytes) {
  optimizer_step<optim::SGD>(state, options, bytes);
}
BENCHMARK_CAPTURE(sgd_step, plain, {.lr = 1e-6}, 12)->Apply(sizes);
BENCHMARK_CAPTURE(sgd_step, momentum, {.lr = 1e-6, .momentum = 0.9}, 20)->Apply(sizes);

void adam_step(State& state, const optim::AdamOptions& options, double bytes) {
  optimizer_step<optim::Adam>(state, options, bytes);
}
BENCHMARK_CAPTURE(adam_step, plain, {.lr = 1e-6}, 28)->Apply(sizes);
BENCHMARK_CAPTURE(adam_step, amsgrad, {.lr = 1e-6, .amsgrad = true}, 36)->Apply(sizes);

void adamw_step(State& state, const optim::AdamWOptions& options, double bytes) {
  optimizer_step<optim::AdamW>(state, options, bytes);
}
BENCHMARK_CAPTURE(adamw_step, plain, {.lr = 1e-6}, 28)->Apply(sizes);

void clip_grad_norm(State& state) {
  const std::vector<Tensor> parameters = parameters_of(state.range(0), state.range(1));
  const optim::SGD optimizer(parameters, {.lr = 1e-6});
  give_gradients(parameters);
  // A norm that is never reached: the gradients stay as they are.
  repeat(state, {.bytes = 4 * static_cast<double>(state.range(0))},
         [&] { return optim::clip_grad_norm_(parameters, 1e9); });
}
BENCHMARK(clip_grad_norm)->Apply(sizes);

}  // namespace
}  // namespace kindling::bench
