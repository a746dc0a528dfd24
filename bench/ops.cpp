// SPDX-License-Identifier: MIT
// The ops: what one costs on tiny tensors, where only the way to the kernel counts, and how fast it
// is on large ones.
#include <kindling/kindling.h>

#include "bench/repeat.h"

#include <benchmark/benchmark.h>

#include <cstdint>

namespace kindling::bench {
namespace {

using benchmark::State;

Tensor tracked(const Shape& shape) { return randn(shape, {.requires_grad = true}); }

double elements(const State& state) { return static_cast<double>(state.range(0)); }

void vector_sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(1)->Arg(1024)->Arg(1 << 24)->UseRealTime();
}

void add_forward(State& state) {
  const NoGradGuard no_grad;
  const Tensor a = randn({state.range(0)});
  const Tensor b = randn({state.range(0)});
  repeat(state, {.bytes = 12 * elements(state)}, [&] { return a + b; });
}
BENCHMARK(add_forward)->Apply(vector_sizes);

template <Tensor (*Op)(const Tensor&)>
void unary_forward(State& state) {
  const NoGradGuard no_grad;
  const Tensor x = randn({state.range(0)});
  repeat(state, {.bytes = 8 * elements(state)}, [&] { return Op(x); });
}
BENCHMARK(unary_forward<relu>)->Name("relu_forward")->Apply(vector_sizes);
BENCHMARK(unary_forward<exp>)->Name("exp_forward")->Apply(vector_sizes);
BENCHMARK(unary_forward<gelu>)->Name("gelu_forward")->Apply(vector_sizes);

void sum_forward(State& state) {
  const NoGradGuard no_grad;
  const Tensor x = randn({state.range(0)});
  repeat(state, {.bytes = 4 * elements(state)}, [&] { return sum(x); });
}
BENCHMARK(sum_forward)->Apply(vector_sizes);

// Arguments: rows, columns.
double matrix_bytes(const State& state) {
  return 4.0 * static_cast<double>(state.range(0) * state.range(1));
}

void sum_of_rows(State& state) {
  const NoGradGuard no_grad;
  const Tensor x = randn({state.range(0), state.range(1)});
  repeat(state, {.bytes = matrix_bytes(state)}, [&] { return sum(x, 1); });
}
void sum_of_columns(State& state) {
  const NoGradGuard no_grad;
  const Tensor x = randn({state.range(0), state.range(1)});
  repeat(state, {.bytes = matrix_bytes(state)}, [&] { return sum(x, 0); });
}
void softmax_forward(State& state) {
  const NoGradGuard no_grad;
  const Tensor x = randn({state.range(0), state.range(1)});
  repeat(state, {.bytes = 2 * matrix_bytes(state)}, [&] { return softmax(x, -1); });
}
void matrix_sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Args({1, 10})->Args({256, 1024})->Args({4096, 4096})->UseRealTime();
}
BENCHMARK(sum_of_rows)->Apply(matrix_sizes);
BENCHMARK(sum_of_columns)->Apply(matrix_sizes);
BENCHMARK(softmax_forward)->Apply(matrix_sizes);

// x + x + ... + x, then backward: the price of one node, forward and backward together.
void chain_of_adds(State& state) {
  const Tensor x = tracked({1});
  repeat(state, {}, [&] {
    Tensor y = x;
    for (std::int64_t i = 0; i < state.range(0); ++i) y = y + x;
    y.backward();
  });
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(chain_of_adds)->Arg(1)->Arg(1000)->UseRealTime();

// Arguments: m, n, k.
double product_flops(const State& state) {
  return 2 * elements(state) * static_cast<double>(state.range(1) * state.range(2));
}

void matmul_forward(State& state) {
  const NoGradGuard no_grad;
  const Tensor a = randn({state.range(0), state.range(2)});
  const Tensor b = randn({state.range(2), state.range(1)});
  repeat(state, {.flops = product_flops(state)}, [&] { return matmul(a, b); });
}
void product_sizes(benchmark::internal::Benchmark* benchmark) {
  for (const std::int64_t n : {1, 8, 32, 64, 256, 1024}) benchmark->Args({n, n, n});
  benchmark->Args({4, 1024, 1024})->Args({1024, 1, 1024})->Args({10000, 64, 64})->UseRealTime();
}
BENCHMARK(matmul_forward)->Apply(product_sizes);

// Arguments: batch, out, in.
void linear_forward(State& state) {
  const NoGradGuard no_grad;
  const nn::Linear linear(state.range(2), state.range(1));
  const Tensor x = randn({state.range(0), state.range(2)});
  repeat(state, {.flops = product_flops(state)}, [&] { return linear(x); });
}
void linear_mse_forward_backward(State& state) {
  const nn::Linear linear(state.range(2), state.range(1));
  const Tensor x = randn({state.range(0), state.range(2)});
  const Tensor y = randn({state.range(0), state.range(1)});
  // The input's gradient is not asked for: two products.
  repeat(state, {.flops = 2 * product_flops(state)}, [&] {
    linear.zero_grad();
    nn::mse_loss(linear(x), y).backward();
  });
}
void layer_sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Args({10, 1, 10})->Args({32, 64, 64})->Args({128, 512, 784})->Args({256, 4096, 1024});
  benchmark->UseRealTime();
}
BENCHMARK(linear_forward)->Apply(layer_sizes);
BENCHMARK(linear_mse_forward_backward)->Apply(layer_sizes);

void cross_entropy_forward_backward(State& state) {
  const Tensor logits = tracked({state.range(0), state.range(1)});
  const Tensor targets = zeros({state.range(0)});
  repeat(state, {.bytes = 2 * matrix_bytes(state)},
         [&] { nn::cross_entropy_loss(logits, targets).backward(); });
}
BENCHMARK(cross_entropy_forward_backward)
    ->Args({1, 10})
    ->Args({128, 10})
    ->Args({256, 1024})
    ->UseRealTime();

}  // namespace
}  // namespace kindling::bench
