// SPDX-License-Identifier: MIT
// What docs/recipes.md says threads may do at once; the preset tsan looks for races in it.
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace kindling::test {
namespace {

// A whole training, of its own model and random numbers.
std::vector<Tensor> trained(std::uint64_t seed, bool captured) {
  Generator generator(seed);
  const Tensor x = randn({24, 3}, generator), y = x.sum(1, true);
  nn::Sequential model(nn::Linear(3, 8), nn::ReLU(), nn::Linear(8, 1));
  {
    const NoGradGuard no_grad;
    for (const Tensor& parameter : model.parameters())
      parameter.copy_(uniform(parameter.shape(), -0.5, 0.5, generator));
  }
  optim::Adam optimizer(model.parameters(), {.lr = 0.01});
  schedulers::LRScheduler scheduler(optimizer,
                                    schedulers::warmup(5).then(schedulers::cosine({.T_max = 20})));
  const DataLoader loader({x, y}, {.batch_size = 8, .shuffle = true, .seed = seed});
  const auto once = [&] {
    const auto [inputs, targets] = loader.next();
    optimizer.zero_grad();
    const Tensor loss = nn::mse_loss(model(inputs), targets);
    loss.backward();
    optim::clip_grad_norm_(model.parameters(), 1);
    optimizer.step();
    scheduler.step();
    (void)sort(inputs, 0);
    return loss;
  };
  auto step = capture(once);
  for (int i = 0; i < sized(25, 8); ++i) {
    if (captured)
      step();
    else
      once();
  }
  std::vector<Tensor> values;
  for (const Tensor& parameter : model.parameters()) values.push_back(parameter.detach().clone());
  return values;
}

TEST(TwoThreads, TrainAsTheyWouldAlone) {
  manual_seed(0);
  for (const bool captured : {false, true}) {
    const std::vector<Tensor> alone[] = {trained(1, captured), trained(2, captured)};
    std::vector<Tensor> together[2];
    std::thread other([&] { together[1] = trained(2, captured); });
    together[0] = trained(1, captured);
    other.join();
    for (std::size_t run = 0; run < 2; ++run)
      for (std::size_t i = 0; i < alone[run].size(); ++i)
        EXPECT_TRUE(same_bits(together[run][i], alone[run][i])) << run;
  }
}

TEST(TwoThreads, MayComputeWithOneModel) {
  manual_seed(1);
  const nn::Sequential model(nn::Linear(3, 8), nn::ReLU(), nn::Linear(8, 1));
  const Tensor x = randn({5, 3});
  const Tensor expected = model(x).detach();
  Tensor results[2];
  const auto serve = [&](Tensor& result) {
    const NoGradGuard no_grad;
    for (int i = 0; i < 20; ++i) result = model(x);
  };
  std::thread other([&] { serve(results[1]); });
  serve(results[0]);
  other.join();
  EXPECT_TRUE(same_bits(results[0], expected));
  EXPECT_TRUE(same_bits(results[1], expected));
}

}  // namespace
}  // namespace kindling::test
