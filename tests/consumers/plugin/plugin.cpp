// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

using namespace kindling;

/// The losses before and after one step of training.
extern "C" __attribute__((visibility("default"))) void train(double* before, double* after) {
  const nn::Linear model(10, 1);
  optim::SGD optimizer(model.parameters(), {.lr = 0.01});
  const Tensor inputs = ones({10, 10});
  const Tensor targets = ones({10, 1});
  const Tensor loss = nn::mse_loss(model(inputs), targets);
  loss.backward();
  optimizer.step();
  *before = loss.item();
  *after = nn::mse_loss(model(inputs), targets).item();
}
