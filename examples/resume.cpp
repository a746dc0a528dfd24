// SPDX-License-Identifier: MIT
// A run that may be killed at any moment: started again, it goes on from its newest checkpoint, and
// ends with the bits of an unbroken run.
#include <kindling/kindling.h>

#include <cstdio>
#include <filesystem>

using namespace kindling;

int main(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : "checkpoints";
  manual_seed(0);
  const Tensor x = randn({256, 8});
  const Tensor y = x.sum(1, true);
  const DataLoader loader({x, y}, {.batch_size = 32, .shuffle = true});
  nn::Sequential model(nn::Linear(8, 32), nn::Tanh(), nn::Linear(32, 1));
  optim::Adam optimizer(model.parameters(), {.lr = 1e-2});
  schedulers::CosineAnnealingLR scheduler(optimizer, {.T_max = 400});

  if (const auto newest = latest(folder))
    load(newest->path, model, optimizer, scheduler, loader, default_generator());
  std::printf("starting at step %lld\n", static_cast<long long>(scheduler.last_epoch()));

  auto train_step = capture([&] {
    const auto [inputs, targets] = loader.next();
    optimizer.zero_grad();
    const Tensor loss = nn::mse_loss(model(inputs), targets);
    loss.backward();
    optimizer.step();
    scheduler.step();
    return loss;
  });
  while (scheduler.last_epoch() < 400) {
    train_step(50);
    checkpoint(folder, scheduler.last_epoch(), 3, model, optimizer, scheduler, loader,
               default_generator());
    std::printf("step %3lld: loss %.6f\n", static_cast<long long>(scheduler.last_epoch()),
                train_step.result().item());
  }
}
