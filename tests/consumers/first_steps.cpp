// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>
#include <algorithm>
#include <cstdio>
using namespace kindling;

int main() {
  manual_seed(0);
  const Device device = cuda::is_available() ? Device::cuda() : Device::cpu();

  nn::Linear model(10, 1);
  model.to(device);
  optim::SGD optimizer(model.parameters(), {.lr = 0.1});
  schedulers::LambdaLR scheduler(optimizer, [](std::int64_t step) { return std::min(1.0, step / 5.0); });

  const Tensor inputs = randn({10, 10}, {.device = device});
  const Tensor targets = randn({10, 1}, {.device = device});
  for (int step = 0; step < 10; ++step) {
    optimizer.zero_grad();
    const Tensor loss = nn::mse_loss(model(inputs), targets);
    loss.backward();
    optimizer.step();
    scheduler.step();
    std::printf("%4d | %.4f | %.4f\n", step, optimizer.lr(), loss.item());
  }
}
