// SPDX-License-Identifier: MIT
#include <kindling/optim/clip_grad_norm.h>
#include <kindling/optim/optimizers.h>
#include <kindling/schedulers/cosine.h>
#include <kindling/schedulers/lr_scheduler.h>

#include "tests/optim/training.h"
#include "tests/support/allocations.h"

#include <gtest/gtest.h>

namespace kindling {
namespace {

TEST(OptimizerAllocations, AWarmStepTakesNothingFromTheHeap) {
  if (!test::counts_allocations()) GTEST_SKIP() << "allocations are not counted in this build";
  const std::vector<Tensor> weights = {test::parameter({1, 2, 3}), test::parameter({4}),
                                       test::parameter({5, 6})};
  optim::Adam optimizer(weights, {.lr = 0.1});
  schedulers::LRScheduler scheduler(optimizer, schedulers::cosine({.T_max = 1000}));
  std::vector<Tensor> gradients;
  for (const Tensor& weight : weights) {
    gradients.push_back(ones(weight.shape(), {.dtype = DType::float64}));
  }
  const auto step = [&](int t) {
    optimizer.zero_grad();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (i == 1 && t % 2 == 0) continue;  // the ranges change all the time
      weights[i].backward(gradients[i]);
    }
    optim::clip_grad_norm_(weights, 1.0);
    optimizer.step();
    scheduler.step();
  };
  for (int t = 0; t < 4; ++t) step(t);
  const std::int64_t before = test::heap_allocations();
  for (int t = 4; t < 300; ++t) step(t);  // beyond several chunks of the schedule
  EXPECT_EQ(test::heap_allocations() - before, 0);
}

}  // namespace
}  // namespace kindling
