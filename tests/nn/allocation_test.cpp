// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/allocations.h"
#include "tests/support/threads.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace kindling::test {
namespace {

// The calls of the heap in 50 steps of training, after some to warm up.
template <class Optimizer>
std::int64_t allocations_of(const nn::Module& model, Optimizer optimizer, const Shape& inputs,
                            const Shape& targets) {
  schedulers::CosineAnnealingLR scheduler(optimizer, {.T_max = 1000});
  const Tensor x = randn(inputs);
  const Tensor y = randn(targets);
  const auto step = [&] {
    optimizer.zero_grad();
    const Tensor loss = nn::mse_loss(model(x), y);
    loss.backward();
    optimizer.step();
    scheduler.step();
  };
  for (int i = 0; i < 10; ++i) step();
  const std::int64_t before = heap_allocations();
  for (int i = 0; i < 50; ++i) step();
  return heap_allocations() - before;
}

class Allocations : public testing::Test {
  void SetUp() override {
    if (!counts_allocations())
      GTEST_SKIP() << "this build's heap cannot be counted: see allocations.h";
  }
};

TEST_F(Allocations, AreCounted) {
  const std::int64_t before = heap_allocations();
  const std::vector<int> numbers(100);
  const auto text = std::make_unique<std::string>(numbers.size(), 'x');
  EXPECT_EQ(heap_allocations() - before, 3) << *text;
}

TEST_F(Allocations, NoneInAWarmedUpStepWithSGD) {
  const nn::Sequential model(nn::Linear(10, 16), nn::ReLU(), nn::Linear(16, 1));
  EXPECT_EQ(allocations_of(model, optim::SGD(model.parameters(), {.lr = 1e-3, .momentum = 0.9}),
                           {32, 10}, {32, 1}),
            0);
}

TEST_F(Allocations, NoneInAWarmedUpStepWithAdam) {
  const nn::Sequential model(nn::Linear(10, 16), nn::ReLU(), nn::Linear(16, 1));
  EXPECT_EQ(allocations_of(model, optim::Adam(model.parameters()), {32, 10}, {32, 1}), 0);
}

TEST_F(Allocations, NoneInAStepOfSingleOps) {
  const Tensor weight = randn({10, 1}, {.requires_grad = true});
  const Tensor x = randn({8, 10});
  optim::AdamW optimizer({weight});
  const auto step = [&] {
    optimizer.zero_grad();
    const Tensor h = kindling::tanh(matmul(x, weight)) * 2.0 + x.narrow(0, 0, 1).sum();
    (h - h.mean()).square().mean().backward();
    optimizer.step();
  };
  for (int i = 0; i < 10; ++i) step();
  const std::int64_t before = heap_allocations();
  for (int i = 0; i < 50; ++i) step();
  EXPECT_EQ(heap_allocations() - before, 0);
}

TEST_F(Allocations, NoneWithBatchesFromALoader) {
  const nn::Linear model(10, 1);
  optim::SGD optimizer(model.parameters(), {.lr = 1e-3});
  const DataLoader loader({randn({70, 10}), randn({70, 1})}, {.batch_size = 16, .shuffle = true});
  const auto step = [&](const Tensor& x, const Tensor& y) {
    optimizer.zero_grad();
    nn::mse_loss(model(x), y).backward();
    optimizer.step();
  };
  const auto stream_and_epoch = [&] {
    for (int i = 0; i < 10; ++i) {
      const auto [x, y] = loader.next();
      step(x, y);
    }
    for (const auto& [x, y] : loader) step(x, y);
  };
  stream_and_epoch();
  const std::int64_t before = heap_allocations();
  for (int i = 0; i < 5; ++i) stream_and_epoch();
  EXPECT_EQ(heap_allocations() - before, 0);
}

}  // namespace
}  // namespace kindling::test
