// SPDX-License-Identifier: MIT
// What one makes oneself: a module of two inputs, a loss, a schedule, and frozen parameters.
#include <kindling/kindling.h>

#include <cmath>
#include <cstdio>
#include <iostream>

using namespace kindling;

// Scores how well a user fits an item, each given by its number.
struct Matcher : nn::Module {
  nn::Embedding users = register_module("users", nn::Embedding(50, 8));
  nn::Embedding items = register_module("items", nn::Embedding(80, 8));
  const Tensor offset = register_parameter("offset", zeros({1}));

  Tensor forward(const Tensor& user, const Tensor& item) const {
    return (users(user) * items(item)).sum(1) + offset;
  }
  using Module::forward;
};

// Made of ops, it has its gradient.
Tensor log_cosh_loss(const Tensor& input, const Tensor& target) {
  const Tensor error = input - target;
  return (error + softplus(error * -2) - std::log(2)).mean();
}

int main() {
  manual_seed(3);
  const Tensor user = randint(0, 50, {2000}, {.dtype = int64});
  const Tensor item = randint(0, 80, {2000}, {.dtype = int64});
  const Tensor rating = sin(user.to(float32)) * cos(item.to(float32)) + 3;

  const Matcher model;
  std::cout << model << '\n';
  optim::AdamW optimizer(model.parameters(), {.lr = 0.05});
  // Up in 50 steps, then down with the root.
  schedulers::LambdaLR scheduler(optimizer, [](std::int64_t t) {
    return t < 50 ? static_cast<double>(t + 1) / 50 : std::sqrt(50.0 / static_cast<double>(t + 1));
  });
  for (int step = 0; step <= 400; ++step) {
    if (step == 300) model.items.requires_grad_(false);  // the users go on alone
    optimizer.zero_grad();
    const Tensor loss = log_cosh_loss(model.forward(user, item), rating);
    loss.backward();
    optimizer.step();
    scheduler.step();
    if (step % 100 == 0) std::printf("step %3d: loss %.4f\n", step, loss.item());
  }
}
