// SPDX-License-Identifier: MIT
// The optimizers' step() alone. bytes_per_second counts what the algorithm must read and write.
#include <kindling/kindling.h>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

namespace {

using namespace kindling;
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
void optimizer_step(State& state, const Options& options, std::int64_t bytes_per_parameter) {
  const std::vector<Tensor> parameters = parameters_of(state.range(0), state.range(1));
  Optimizer optimizer(parameters, options);
  give_gradients(parameters);
  for (auto _ : state) optimizer.step();
  state.SetBytesProcessed(state.iterations() * state.range(0) * bytes_per_parameter);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Args({1, 1})->Args({10'000, 1})->Args({10'000'000, 1})->Args({9'999'900, 300});
}

void sgd_step(State& state, const optim::SGDOptions& options, std::int64_t bytes) {
  optimizer_step<optim::SGD>(state, options, bytes);
}
BENCHMARK_CAPTURE(sgd_step, plain, {.lr = 1e-6}, 12)->Apply(sizes);
BENCHMARK_CAPTURE(sgd_step, momentum, {.lr = 1e-6, .momentum = 0.9}, 20)->Apply(sizes);

void adam_step(State& state, const optim::AdamOptions& options, std::int64_t bytes) {
  optimizer_step<optim::Adam>(state, options, bytes);
}
BENCHMARK_CAPTURE(adam_step, plain, {.lr = 1e-6}, 28)->Apply(sizes);
BENCHMARK_CAPTURE(adam_step, amsgrad, {.lr = 1e-6, .amsgrad = true}, 36)->Apply(sizes);

void adamw_step(State& state, const optim::AdamWOptions& options, std::int64_t bytes) {
  optimizer_step<optim::AdamW>(state, options, bytes);
}
BENCHMARK_CAPTURE(adamw_step, plain, {.lr = 1e-6}, 28)->Apply(sizes);

void clip_grad_norm(State& state) {
  const std::vector<Tensor> parameters = parameters_of(state.range(0), state.range(1));
  const optim::SGD optimizer(parameters, {.lr = 1e-6});
  give_gradients(parameters);
  // A norm that is never reached: the gradients stay as they are.
  for (auto _ : state) benchmark::DoNotOptimize(optim::clip_grad_norm_(parameters, 1e9));
  state.SetBytesProcessed(state.iterations() * state.range(0) * 4);
}
BENCHMARK(clip_grad_norm)->Apply(sizes);

}  // namespace
