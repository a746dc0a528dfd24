// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/expect_error.h"

#include <utility>

// What a value is after it was moved from: still one, where copies are cheap and there is no move;
// else every use is an Error that names its class.
namespace kindling::test {
namespace {

// The moved-from value is what is tested.
// NOLINTBEGIN(bugprone-use-after-move, performance-move-const-arg)

TEST(MovedFrom, Tensor) {
  Tensor x = ones({2});
  const Tensor y = std::move(x);
  expect_error<ValueError>(undefined("shape"), [&] { return x.shape(); });
  EXPECT_EQ(y.shape(), Shape(2));
}

TEST(MovedFrom, Modules) {
  nn::Sequential model(nn::Linear(2, 2), nn::Tanh());
  const nn::Sequential moved = std::move(model);
  EXPECT_TRUE(same_bits(model(ones({1, 2})), moved(ones({1, 2}))));
  nn::Linear layer(2, 2);
  const nn::Linear moved_layer = std::move(layer);
  EXPECT_TRUE(same_bits(layer(ones({1, 2})), moved_layer(ones({1, 2}))));
}

TEST(MovedFrom, Generator) {
  Generator generator(7);
  Generator moved = std::move(generator);
  EXPECT_EQ(generator.seed(), 7u);
  moved = std::move(generator);
  generator.manual_seed(8);
  EXPECT_EQ(moved.seed(), 8u);
}

TEST(MovedFrom, DataLoader) {
  DataLoader loader({arange(4)}, {.batch_size = 2});
  DataLoader moved = std::move(loader);
  EXPECT_EQ(loader.size(), 2);
  moved = std::move(loader);
  EXPECT_TRUE(same(moved.next()[0], {{2}, {0, 1}}));
  EXPECT_TRUE(same(loader.next()[0], {{2}, {2, 3}}));
  EXPECT_EQ(loader.state_dict().size(), moved.state_dict().size());
}

TEST(MovedFrom, Schedules) {
  schedulers::Schedule schedule = schedulers::step({.step_size = 1, .gamma = 0.5});
  schedulers::Schedule moved = std::move(schedule);
  EXPECT_EQ(schedule(1), 0.5);
  moved = std::move(schedule);
  EXPECT_EQ(message(schedule), message(moved));
  EXPECT_FALSE(schedule.drives_momentum());
  EXPECT_FALSE(schedule.momentum(0));

  schedulers::Schedule warmup = schedulers::warmup(4);
  schedulers::Schedule moved_warmup = std::move(warmup);
  EXPECT_EQ(warmup(0), 0.25);
  moved_warmup = std::move(warmup);
  EXPECT_EQ(warmup.then(schedule)(0), 0.25);
}

TEST(MovedFrom, Optimizers) {
  optim::SGD optimizer({ones({1}, {.requires_grad = true})}, {.lr = 0.1});
  const optim::SGD moved = std::move(optimizer);
  const std::string text = "Optimizer: this one was moved from: use the one that it was moved to";
  expect_error<ValueError>(text, [&] { optimizer.step(); });
  expect_error<ValueError>(text, [&] { return optimizer.lr(); });
  EXPECT_EQ(moved.lr(), 0.1);
}

TEST(MovedFrom, Schedulers) {
  optim::SGD optimizer({ones({1}, {.requires_grad = true})}, {.lr = 0.1});
  schedulers::StepLR scheduler(optimizer, {.step_size = 1});
  const schedulers::StepLR moved = std::move(scheduler);
  expect_error<ValueError>("LRScheduler: this one was moved from: use the one that it was moved to",
                           [&] { scheduler.step(); });
  EXPECT_EQ(moved.last_epoch(), 0);
}

TEST(MovedFrom, Plateaus) {
  optim::SGD optimizer({ones({1}, {.requires_grad = true})}, {.lr = 0.1});
  schedulers::ReduceLROnPlateau scheduler(optimizer);
  schedulers::ReduceLROnPlateau moved = std::move(scheduler);
  EXPECT_THROW(scheduler.step(1.0), ValueError);
  EXPECT_THROW(scheduler.state_dict(), ValueError);
  moved.step(1.0);
}

// NOLINTEND(bugprone-use-after-move, performance-move-const-arg)

}  // namespace
}  // namespace kindling::test
