// SPDX-License-Identifier: MIT
// Products by cuBLASLt, and by our own kernel where it refuses an epilogue: the CPU's results, in
// as many launches. KINDLING_TEST_REFUSED names what the emulator's --refuse does, separated by
// commas.
#include <kindling/kindling.h>

#include "tests/cuda/emulator.h"
#include "tests/support/array.h"
#include "tests/support/devices.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace kindling::test {
namespace {

/// 1 if cuBLASLt refuses that epilogue, else 0.
std::uint64_t refused(std::string_view epilogue) {
  const char* all = std::getenv("KINDLING_TEST_REFUSED");
  const std::string list = message(",", all == nullptr ? "" : all, ",");
  return list.find(message(",", epilogue, ",")) == std::string::npos ? 0 : 1;
}

/// Two Linear layers with a ReLU between them, each of whose products is large enough for cuBLASLt.
struct Training {
  Training(Device device, DType dtype, bool bias)
      : model(network({.bias = bias, .dtype = dtype, .device = device})),
        inputs(randn({128, 96}, {.dtype = dtype, .device = device})),
        targets(randn({128, 64}, {.dtype = dtype, .device = device})) {}

  static nn::Sequential network(const nn::LinearOptions& options) {
    manual_seed(11);
    return nn::Sequential(nn::Linear(96, 136, options), nn::ReLU(), nn::Linear(136, 64, options));
  }
  Tensor backward() const {
    const Tensor loss = nn::mse_loss(model(inputs), targets);
    loss.backward();
    return loss;
  }

  nn::Sequential model;
  Tensor inputs, targets;
};

class LtEpilogues : public testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    if (!default_device().is_cuda()) GTEST_SKIP() << "the CPU has no cuBLASLt";
  }
};

TEST_P(LtEpilogues, GiveTheResultsOfTheCpu) {
  const bool single = GetParam() == DType::float32;
  const double unit = single ? 2e-6 : 1e-14;  // as in tests/nn/linear_test.cpp
  for (const bool bias : {true, false}) {
    SCOPED_TRACE(bias ? "with bias" : "without bias");
    const auto results = [&](Device device) {
      const Training training(device, GetParam(), bias);
      std::vector<Array> all;
      {
        const NoGradGuard guard;
        all.push_back(to_array(training.model(training.inputs)));
      }
      all.push_back(to_array(training.model(training.inputs).detach()));
      (void)training.backward();
      for (const Tensor& parameter : training.model.parameters())
        all.push_back(to_array(parameter.grad()));
      // Steps that are replayed.
      optim::SGD optimizer(training.model.parameters(), {.lr = 0.1});
      auto step = capture([&] {
        optimizer.zero_grad();
        const Tensor loss = training.backward();
        optimizer.step();
        return loss;
      });
      step(3);
      all.push_back(to_array(step.result()));
      for (const Tensor& parameter : training.model.parameters())
        all.push_back(to_array(parameter.detach()));
      return all;
    };
    const std::vector<Array> here = results(default_device());
    const std::vector<Array> cpu = results(Device::cpu());
    ASSERT_EQ(here.size(), cpu.size());
    for (std::size_t i = 0; i < here.size(); ++i)
      EXPECT_TRUE(close(here[i], cpu[i], {unit, unit})) << "result " << i;
  }
}

TEST_P(LtEpilogues, AreOfBatchesTooAndOfOperandsThatLieAnywhere) {
  const auto results = [](Device device) {
    manual_seed(5);
    const TensorOptions options{.dtype = GetParam(), .device = device};
    const Tensor a = randn({3, 64, 80}, options);
    const Tensor b = randn({3, 80, 72}, options);
    const Tensor more = randn({a.numel() + 1}, options);
    return std::vector{to_array(a.matmul(b)),
                       to_array(more.narrow(0, 1, a.numel()).reshape(a.shape()).matmul(b))};
  };
  const double unit = GetParam() == DType::float32 ? 2e-6 : 1e-14;
  const std::vector<Array> cpu = results(Device::cpu());
  if (emulator::is_here()) emulator::reset();
  const std::vector<Array> here = results(default_device());
  if (emulator::is_here()) {
    EXPECT_EQ(emulator::count("library_calls"), 2 - 2 * refused("DEFAULT"));
  }
  for (std::size_t i = 0; i < here.size(); ++i)
    EXPECT_TRUE(close(here[i], cpu[i], {unit, unit})) << "result " << i;
}

TEST_P(LtEpilogues, TakeAsManyLaunchesWhoeverComputes) {
  if (!emulator::is_here()) GTEST_SKIP() << "only the emulator counts what a GPU does";
  const auto expect = [](std::uint64_t launches, std::uint64_t calls) {
    EXPECT_EQ(emulator::count("library_calls"), calls);
    EXPECT_EQ(emulator::count("launches") + emulator::count("library_calls"), launches);
  };
  for (const bool bias : {true, false}) {
    SCOPED_TRACE(bias ? "with bias" : "without bias");
    const Training training(default_device(), GetParam(), bias);
    optim::Adam optimizer(training.model.parameters(), {.lr = 0.01});
    schedulers::LRScheduler scheduler(optimizer, schedulers::warmup(5));
    const auto step = [&] {
      optimizer.zero_grad();
      (void)training.backward();
      optimizer.step();
      scheduler.step();
    };
    // Five products. The derivative of the ReLU needs the bits that its forward leaves.
    const std::uint64_t no_bits = refused(bias ? "RELU_AUX_BIAS" : "RELU_AUX");
    const std::uint64_t ours =
        no_bits + (no_bits | refused("DRELU")) +
        (bias ? refused("BIAS") + 2 * refused("BGRADB") : 3 * refused("DEFAULT"));
    step();
    emulator::reset();
    step();
    expect(3 * 2 + 2, 5 - ours);
    auto captured = capture(step);
    captured();
    emulator::reset();
    captured();
    expect(3 * 2 + 1, 5 - ours);

    const NoGradGuard guard;
    emulator::reset();
    (void)training.model(training.inputs);
    expect(2, 2 - refused(bias ? "RELU_BIAS" : "RELU") - refused(bias ? "BIAS" : "DEFAULT"));
  }
}

INSTANTIATE_TEST_SUITE_P(Of, LtEpilogues, testing::ValuesIn(kDTypes),
                         [](const auto& parameter) { return message(parameter.param); });

}  // namespace
}  // namespace kindling::test
