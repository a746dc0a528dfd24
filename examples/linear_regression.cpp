// SPDX-License-Identifier: MIT
// A straight line through noisy points: tensors, gradients and the plainest training loop.
#include <kindling/kindling.h>

#include <cstdio>

using namespace kindling;

int main() {
  manual_seed(1);
  const Tensor x = uniform({200, 1}, -2, 2);
  const Tensor y = x * 3 - 0.5 + randn({200, 1}) * 0.1;

  const Tensor slope = zeros({1}, {.requires_grad = true});
  const Tensor offset = zeros({1}, {.requires_grad = true});
  optim::SGD optimizer({slope, offset}, {.lr = 0.1});

  for (int step = 0; step < 100; ++step) {
    optimizer.zero_grad();
    const Tensor loss = square(x * slope + offset - y).mean();
    loss.backward();
    optimizer.step();
    if (step % 20 == 0) std::printf("step %3d: loss %.4f\n", step, loss.item());
  }
  std::printf("y = %.3f x %+.3f\n", slope.item(), offset.item());  // about 3 x - 0.5
}
