// SPDX-License-Identifier: MIT
// Trains on the GPU, eager and captured, three times over. Run with a call of CUDA's that fails
// once: as many Errors as the argument says must have been thrown, and the last training be right.
#include <kindling/kindling.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using namespace kindling;

// Large enough for cuBLASLt, and for uploads that fill segments of the staging memory.
double train() {
  manual_seed(1);
  set_default_device(Device::cuda());
  nn::Sequential model(nn::Linear(128, 128), nn::ReLU(), nn::Linear(128, 64));
  optim::Adam optimizer(model.parameters(), {.lr = 1e-3});
  schedulers::LRScheduler scheduler(optimizer, schedulers::warmup(3));
  const std::vector<float> data(128 * 128, 0.5f);
  const Tensor inputs = from_data(data, {128, 128});
  const Tensor targets = zeros({128, 64});
  const std::vector<float> large(300'000, 1.0f);
  const double sum = from_data(large, {300'000}).sum().item();
  const auto step = [&] {
    optimizer.zero_grad();
    const Tensor loss = nn::mse_loss(model(inputs), targets);
    loss.backward();
    optimizer.step();
    scheduler.step();
    return loss;
  };
  (void)step();
  auto captured = capture(step);
  captured(3);
  auto summing = capture([&] { nn::mse_loss(model(inputs), targets).backward(); });
  optimizer.zero_grad();
  summing(3);  // the first overwrites the gradients, the others add: the graph is updated
  return captured.result().item() + sum;
}

}  // namespace

int main(int count, char** arguments) {
  const int expected = count > 1 ? std::atoi(arguments[1]) : 0;
  int errors = 0;
  double result = 0;
  double first = 0;
  for (int i = 0; i < 3; ++i) {
    try {
      result = train();
      if (first == 0) first = result;
    } catch (const Error& error) {
      std::printf("%s\n", error.what());
      ++errors;
    }
  }
  const bool right = errors == expected && result == first && result > 300'000;
  std::printf("%s: %d errors, result %.9g\n", right ? "right" : "wrong", errors, result);
  return right ? 0 : 1;
}
