// SPDX-License-Identifier: MIT
// Element-wise ops, sums, softmax, losses and updates: bound by the memory.
#include <kindling/kindling.h>

#include "bench/gpu/rows.h"

#include <bit>
#include <memory>
#include <utility>

namespace kindling::bench {
namespace {

constexpr std::int64_t kColumns = 1024;

/// Beside a copy of the same bytes. `make` gives the work.
template <class Make>
Row memory_row(std::string name, double bytes, Make make) {
  return {std::move(name), bytes, 0, [make, bytes](const Yardsticks& yardsticks) {
            return RowWork{make(), yardsticks.copy(bytes)};
          }};
}

/// Work that makes a tensor by `op` from the others, and keeps it until it makes the next.
template <class Op, class... Tensors>
Queue making(const Op& op, const Tensors&... from) {
  return [=, made = Tensor()]() mutable { made = op(from...); };
}

std::string power_of_two(std::int64_t n) {
  return message("2^", std::countr_zero(static_cast<std::uint64_t>(n)));
}

template <class Optimizer, class Options>
Row update_row(const std::string& name, std::int64_t n, double bytes_of_parameter,
               const Options& options) {
  const auto make = [n, options]() -> Queue {
    const Tensor parameter = zeros({n}, {.requires_grad = true});
    parameter.backward(full({n}, 1e-2));
    const auto optimizer = std::make_shared<Optimizer>(std::vector<Tensor>{parameter}, options);
    return [optimizer] { optimizer->step(); };
  };
  return memory_row(message(name, " ", power_of_two(n)),
                    bytes_of_parameter * static_cast<double>(n), make);
}

}  // namespace

std::vector<Row> op_rows(bool small) {
  std::vector<Row> rows;
  const auto add = [&](const std::string& name, std::int64_t n, double bytes_of_element,
                       auto make) {
    rows.push_back(memory_row(name, bytes_of_element * static_cast<double>(n), make));
  };
  const std::int64_t most = small ? 1 << 12 : 1 << 26;
  for (const std::int64_t n : {most >> 16, most >> 6, most}) {
    if (n == 0) continue;
    const std::string size = message(" ", power_of_two(n));
    add("add" + size, n, 12, [n] {
      return making([](const Tensor& a, const Tensor& b) { return a + b; }, randn({n}), randn({n}));
    });
    add("relu" + size, n, 8, [n] { return making(&relu, randn({n})); });
    add("gelu" + size, n, 8, [n] { return making(&gelu, randn({n})); });
    add("sum" + size, n, 4,
        [n] { return making([](const Tensor& x) { return sum(x); }, randn({n})); });
    add("mse_loss and gradient" + size, n, 12, [n] {
      return making([](const Tensor& x, const Tensor& y) { return nn::mse_loss(x, y); },
                    randn({n}, {.requires_grad = true}), randn({n}));
    });
  }
  const std::int64_t n = most;
  const Shape shape(n / kColumns, kColumns);
  const std::string size = message(" ", shape[0], " x ", shape[1]);
  add("sum of rows" + size, n, 4,
      [shape] { return making([](const Tensor& x) { return sum(x, 1); }, randn(shape)); });
  add("sum of columns" + size, n, 4,
      [shape] { return making([](const Tensor& x) { return sum(x, 0); }, randn(shape)); });
  add("softmax" + size, n, 8,
      [shape] { return making([](const Tensor& x) { return softmax(x, 1); }, randn(shape)); });
  add("cross_entropy and gradient" + size, n, 8, [shape] {
    return making([](const Tensor& x, const Tensor& y) { return nn::cross_entropy_loss(x, y); },
                  randn(shape, {.requires_grad = true}), zeros({shape[0]}));
  });
  return rows;
}

std::vector<Row> update_rows(bool small) {
  std::vector<Row> rows;
  const std::vector<std::int64_t> sizes =
      small ? std::vector<std::int64_t>{1 << 12}
            : std::vector<std::int64_t>{1 << 16, 1 << 20, 1 << 24, 1 << 27};
  for (const std::int64_t n : sizes) {
    rows.push_back(update_row<optim::SGD>("SGD", n, 12, optim::SGDOptions{.lr = 1e-6}));
    rows.push_back(update_row<optim::SGD>("SGD with momentum", n, 20,
                                          optim::SGDOptions{.lr = 1e-6, .momentum = 0.9}));
    rows.push_back(update_row<optim::Adam>("Adam", n, 28, optim::AdamOptions{.lr = 1e-6}));
    rows.push_back(update_row<optim::AdamW>("AdamW", n, 28, optim::AdamWOptions{.lr = 1e-6}));
  }
  return rows;
}

}  // namespace kindling::bench
