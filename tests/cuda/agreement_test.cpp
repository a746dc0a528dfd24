// SPDX-License-Identifier: MIT
// The GPU beside the CPU: the same random bits, and runs of training that stay close. On the CPU
// the tests compare it with itself.
#include <kindling/kindling.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace kindling {
namespace {

// What rounding in another order, and fused multiply-adds, may make of 200 losses of a network in
// float32, relative to the loss.
constexpr double kOfSgd = 2e-5;
constexpr double kOfAdam = 5e-4;

TEST(Agreement, RandomNumbersHaveTheSameBits) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const auto draw = [&](Device device) {
      manual_seed(5);
      std::vector<double> all;
      const TensorOptions options{.dtype = dtype, .device = device};
      for (const Tensor& x : {rand({1001}, options), randn({1003}, options),
                              uniform({77}, -3, 9, options), randperm(257, options)})
        for (const double value : x.to_vector<double>()) all.push_back(value);
      return all;
    };
    EXPECT_EQ(draw(default_device()), draw(Device::cpu())) << dtype;
  }
}

std::vector<double> losses_of(
    Device device,
    const std::function<std::unique_ptr<optim::Optimizer>(const std::vector<Tensor>&)>& make) {
  manual_seed(11);
  nn::Sequential model(nn::Linear(8, 16, {.device = device}), nn::ReLU(),
                       nn::Linear(16, 16, {.device = device}), nn::Tanh(),
                       nn::Linear(16, 3, {.device = device}));
  const Tensor x = randn({64, 8}, {.device = device});
  const Tensor y = randn({64, 3}, {.device = device});
  DataLoader loader({x, y}, {.batch_size = 16, .shuffle = true, .seed = 3});
  const std::unique_ptr<optim::Optimizer> optimizer = make(model.parameters());
  schedulers::LRScheduler scheduler(
      *optimizer, schedulers::warmup(20).then(schedulers::cosine({.T_max = 180})));
  auto step = capture([&] {
    const auto [inputs, targets] = loader.next();
    optimizer->zero_grad();
    const Tensor loss = nn::mse_loss(model(inputs), targets);
    loss.backward();
    (void)optim::clip_grad_norm_(model.parameters(), 1.0);
    optimizer->step();
    scheduler.step();
    return loss;
  });
  step(200);
  std::vector<double> losses;
  for (const StepEntry& entry : step.history()) losses.push_back(entry.value);
  return losses;
}

void expect_close(
    double tolerance,
    const std::function<std::unique_ptr<optim::Optimizer>(const std::vector<Tensor>&)>& make) {
  const std::vector<double> here = losses_of(default_device(), make);
  const std::vector<double> cpu = losses_of(Device::cpu(), make);
  ASSERT_EQ(here.size(), 200u);
  ASSERT_EQ(cpu.size(), 200u);
  double worst = 0;
  for (std::size_t t = 0; t < here.size(); ++t)
    worst = std::max(worst, std::abs(here[t] - cpu[t]) / cpu[t]);
  EXPECT_LE(worst, tolerance) << "of the loss";
  EXPECT_EQ(here, losses_of(default_device(), make)) << "two runs differ";
}

TEST(Agreement, OfARunWithSgd) {
  expect_close(kOfSgd, [](const std::vector<Tensor>& parameters) {
    return std::make_unique<optim::SGD>(parameters, optim::SGDOptions{.lr = 0.05, .momentum = 0.9});
  });
}

TEST(Agreement, OfARunWithAdam) {
  expect_close(kOfAdam, [](const std::vector<Tensor>& parameters) {
    return std::make_unique<optim::AdamW>(parameters, optim::AdamWOptions{.lr = 0.01});
  });
}

}  // namespace
}  // namespace kindling
