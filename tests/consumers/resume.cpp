// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include <cstdio>
using namespace kindling;

int main() {
  manual_seed(0);
  const nn::Sequential model(nn::Linear(10, 16), nn::ReLU(), nn::Linear(16, 1));
  optim::Adam optimizer(model.parameters(), {.lr = 0.01});
  schedulers::CosineAnnealingLR scheduler(optimizer, {.T_max = 500});
  const Tensor inputs = randn({100, 10});
  const DataLoader loader({inputs, inputs.sum(1, true)}, {.batch_size = 20, .shuffle = true});

  std::int64_t step = 0;
  if (const auto saved = latest("run")) {
    load(saved->path, model, optimizer, scheduler, loader, default_generator());
    step = saved->step;
    std::printf("goes on after step %d\n", static_cast<int>(step));
  }
  while (step < 500) {
    const auto [x, y] = loader.next();
    optimizer.zero_grad();
    const Tensor loss = nn::mse_loss(model(x), y);
    loss.backward();
    optimizer.step();
    scheduler.step();
    if (++step % 100 == 0) {
      std::printf("%d | %.6f\n", static_cast<int>(step), loss.item());
      checkpoint("run", step, 3, model, optimizer, scheduler, loader, default_generator());
    }
  }
  save("model.safetensors", model);
}
