// SPDX-License-Identifier: MIT
// The ops: what one costs on tiny tensors, where only the way to the kernel counts, and how fast it
// is on large ones.
#include <kindling/kindling.h>

#include <benchmark/benchmark.h>

#include <cstdint>

namespace {

using namespace kindling;
using benchmark::State;

Tensor tracked(const Shape& shape) { return randn(shape, {.requires_grad = true}); }

void add_forward(State& state) {
  const NoGradGuard no_grad;
  const Tensor a = randn({state.range(0)});
  const Tensor b = randn({state.range(0)});
  for (auto _ : state) benchmark::DoNotOptimize(a + b);
  state.SetBytesProcessed(state.iterations() * state.range(0) * 3 * 4);
}
BENCHMARK(add_forward)->Arg(1)->Arg(1024)->Arg(1 << 24);

template <Tensor (*Op)(const Tensor&)>
void unary_forward(State& state) {
  const NoGradGuard no_grad;
  const Tensor x = randn({state.range(0)});
  for (auto _ : state) benchmark::DoNotOptimize(Op(x));
  state.SetBytesProcessed(state.iterations() * state.range(0) * 2 * 4);
}
BENCHMARK(unary_forward<relu>)->Name("relu_forward")->Arg(1)->Arg(1024)->Arg(1 << 24);
BENCHMARK(unary_forward<exp>)->Name("exp_forward")->Arg(1)->Arg(1024)->Arg(1 << 24);
BENCHMARK(unary_forward<gelu>)->Name("gelu_forward")->Arg(1)->Arg(1024)->Arg(1 << 24);

void sum_forward(State& state) {
  const NoGradGuard no_grad;
  const Tensor x = randn({state.range(0)});
  for (auto _ : state) benchmark::DoNotOptimize(sum(x));
  state.SetBytesProcessed(state.iterations() * state.range(0) * 4);
}
BENCHMARK(sum_forward)->Arg(1)->Arg(1024)->Arg(1 << 24);

void softmax_forward(State& state) {
  const NoGradGuard no_grad;
  const Tensor x = randn({state.range(0), state.range(1)});
  for (auto _ : state) benchmark::DoNotOptimize(softmax(x, -1));
  state.SetItemsProcessed(state.iterations() * state.range(0) * state.range(1));
}
BENCHMARK(softmax_forward)->Args({1, 10})->Args({256, 1024});

// x + x + ... + x, then backward: the price of one node, forward and backward together.
void chain_of_adds(State& state) {
  const Tensor x = tracked({1});
  for (auto _ : state) {
    Tensor y = x;
    for (std::int64_t i = 0; i < state.range(0); ++i) y = y + x;
    y.backward();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(chain_of_adds)->Arg(1)->Arg(1000);

void matmul_forward(State& state) {
  const NoGradGuard no_grad;
  const std::int64_t n = state.range(0);
  const Tensor a = randn({n, n});
  const Tensor b = randn({n, n});
  for (auto _ : state) benchmark::DoNotOptimize(matmul(a, b));
  state.counters["flops"] = benchmark::Counter(
      2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n),
      benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(matmul_forward)->Arg(1)->Arg(8)->Arg(32)->Arg(64)->Arg(256)->Arg(1024);

// Arguments: batch, in, out.
void linear_forward(State& state) {
  const NoGradGuard no_grad;
  const nn::Linear linear(state.range(1), state.range(2));
  const Tensor x = randn({state.range(0), state.range(1)});
  for (auto _ : state) benchmark::DoNotOptimize(linear(x));
}
void linear_mse_forward_backward(State& state) {
  const nn::Linear linear(state.range(1), state.range(2));
  const Tensor x = randn({state.range(0), state.range(1)});
  const Tensor y = randn({state.range(0), state.range(2)});
  for (auto _ : state) {
    linear.zero_grad();
    nn::mse_loss(linear(x), y).backward();
  }
}
void layer_sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Args({10, 10, 1})->Args({32, 64, 64})->Args({128, 784, 512})->Args({256, 1024, 4096});
}
BENCHMARK(linear_forward)->Apply(layer_sizes);
BENCHMARK(linear_mse_forward_backward)->Apply(layer_sizes);

void cross_entropy_forward_backward(State& state) {
  const Tensor logits = tracked({state.range(0), state.range(1)});
  const Tensor targets = zeros({state.range(0)});
  for (auto _ : state) nn::cross_entropy_loss(logits, targets).backward();
}
BENCHMARK(cross_entropy_forward_backward)->Args({1, 10})->Args({128, 10})->Args({256, 1024});

}  // namespace
