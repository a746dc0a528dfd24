// SPDX-License-Identifier: MIT
// A whole training step captured once and replayed, batches and all, under a warm-up and a cosine:
// the learning rate goes on, since the update reads it where the schedule puts it.
#include <kindling/kindling.h>

#include <cstdio>

using namespace kindling;

int main() {
  manual_seed(0);
  const Device device = cuda::is_available() ? Device::cuda() : Device::cpu();
  const Tensor x = uniform({1024, 2}, -1, 1, {.device = device});
  const Tensor y = sin(x * 3).sum(1, true);
  const DataLoader loader({x, y}, {.batch_size = 64, .shuffle = true});

  nn::Sequential model(nn::Linear(2, 64), nn::ReLU(), nn::Linear(64, 64), nn::ReLU(),
                       nn::Linear(64, 1));
  model.to(device);
  optim::Adam optimizer(model.parameters(), {.lr = 5e-3});
  schedulers::LRScheduler scheduler(
      optimizer, schedulers::warmup(100).then(schedulers::cosine({.T_max = 1900})));

  auto train_step = capture([&] {
    const auto [inputs, targets] = loader.next();
    optimizer.zero_grad();
    const Tensor loss = nn::mse_loss(model(inputs), targets);
    loss.backward();
    optim::clip_grad_norm_(model.parameters(), 1);
    optimizer.step();
    scheduler.step();
    return loss;
  });

  std::puts("  step       lr     loss");
  for (int i = 0; i < 10; ++i) {
    train_step(200);  // 200 steps with no work between them
    const StepEntry last = train_step.history().back();
    std::printf("%6lld  %.5f  %.5f\n", static_cast<long long>(last.step), last.lr, last.value);
  }
}
