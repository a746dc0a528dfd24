// SPDX-License-Identifier: MIT
// Building an optimizer moves the parameters into its arenas; handles and views follow, and nothing
// dangles.
#include <kindling/core/command.h>
#include <kindling/core/nn/linear.h>
#include <kindling/core/no_grad.h>
#include <kindling/optim/optimizer_state.h>
#include <kindling/optim/optimizers.h>

#include "tests/optim/training.h"
#include "tests/support/counting_cpu.h"
#include "tests/support/devices.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace kindling {
namespace {

using optim::Adam;
using optim::SGD;
using test::parameter;
using test::set_gradient;
using test::values;

std::uintptr_t address(const Tensor& tensor) {
  return reinterpret_cast<std::uintptr_t>(detail::address_of(*tensor.impl()));
}

TEST(OptimizerArena, HandlesAndViewsFollowTheParameter) {
  const Tensor weight = parameter({1, 2, 3, 4});
  const Tensor handle = weight;
  const Tensor detached = weight.detach();
  const Tensor row = detached.narrow(0, 1, 2);
  SGD optimizer({weight}, {.lr = 1});
  set_gradient(weight, {1, 1, 1, 1});
  optimizer.step();
  EXPECT_EQ(values(handle), (std::vector<double>{0, 1, 2, 3}));
  EXPECT_EQ(values(detached), (std::vector<double>{0, 1, 2, 3}));
  EXPECT_EQ(values(row), (std::vector<double>{1, 2}));
}

TEST(OptimizerArena, KeepsTheGradientThatWasThere) {
  const Tensor weight = parameter({1, 2});
  set_gradient(weight, {3, 4});
  const Tensor gradient = weight.grad();
  SGD optimizer({weight}, {.lr = 1});
  EXPECT_EQ(values(weight.grad()), (std::vector<double>{3, 4}));
  EXPECT_EQ(address(gradient), address(weight.grad()));
  optimizer.step();
  EXPECT_EQ(values(weight), (std::vector<double>{-2, -2}));
}

TEST(OptimizerArena, StartsEachParameterAtACacheLine) {
  const Tensor a = parameter({1, 2, 3});
  const Tensor b = parameter({4});
  const Tensor c = parameter({5, 6, 7, 8, 9, 10, 11, 12, 13});
  SGD optimizer({a, b, c});
  EXPECT_EQ(address(a) % 64, 0U);
  EXPECT_EQ(address(b), address(a) + 64);
  EXPECT_EQ(address(c), address(b) + 64);
  set_gradient(a, {0, 0, 0});
  set_gradient(b, {0});
  EXPECT_EQ(address(b.grad()), address(a.grad()) + 64);
}

// What the caches of a CPU need; a GPU's addresses are its driver's.
TEST(OptimizerArena, KeepsLargeArenasApartModulo4096) {
  const test::OnCpu on_cpu;
  const Tensor weight = zeros({1 << 20}, {.requires_grad = true});
  Adam optimizer({weight});
  detail::Group& group = optimizer.state()->group("test", 0);
  std::vector<std::uintptr_t> offsets = {
      address(weight) % 4096,
      reinterpret_cast<std::uintptr_t>(detail::view(Tensor(weight.impl()->grad)).data) % 4096,
      reinterpret_cast<std::uintptr_t>(group.states[0].view(0, 1).data) % 4096,
      reinterpret_cast<std::uintptr_t>(group.states[1].view(0, 1).data) % 4096};
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    EXPECT_EQ(offsets[i] % 256, 0U);
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(offsets[i], offsets[j]) << i << " and " << j;
  }
}

TEST(OptimizerArena, MergesNeighboursIntoOneRange) {
  const std::vector<Tensor> weights = {parameter({1}), parameter({2, 3}), parameter({4}),
                                       parameter({5})};
  SGD optimizer(weights);
  const detail::OptimizerState& state = *optimizer.state();
  for (const Tensor& weight : weights)
    set_gradient(weight, std::vector<double>(static_cast<std::size_t>(weight.numel()), 1.0));
  optimizer.step();
  EXPECT_EQ(state.ranges().size(), 1U);
  EXPECT_EQ(state.records().count(), 1U);
  optimizer.zero_grad();
  for (const std::size_t i : {0U, 2U, 3U}) set_gradient(weights[i], {1});
  optimizer.step();
  ASSERT_EQ(state.ranges().size(), 2U);
  EXPECT_FALSE(state.ranges()[0].advance);
  EXPECT_TRUE(state.ranges()[1].advance);
  EXPECT_EQ(state.records().count(), 2U);  // the one that was left out has a record of its own now
}

TEST(OptimizerArena, PaddingStaysZero) {
  const test::OnCpu on_cpu;
  const Tensor weight = parameter({1, 2, 3});
  Adam optimizer({weight}, {.lr = 0.1, .weight_decay = 0.1});
  for (int step = 0; step < 3; ++step) {
    set_gradient(weight, {1, -1, 2});
    optimizer.step();
  }
  const auto* data = static_cast<const double*>(detail::address_of(*weight.impl()));
  for (int i = 3; i < 8; ++i) EXPECT_EQ(data[i], 0) << i;
}

TEST(OptimizerArena, ParametersOutliveTheOptimizer) {
  const Tensor weight = parameter({1, 2});
  {
    SGD optimizer({weight}, {.lr = 1});
    set_gradient(weight, {1, 1});
    optimizer.step();
  }
  EXPECT_EQ(values(weight), (std::vector<double>{0, 1}));
  EXPECT_EQ(values(weight.grad()), (std::vector<double>{1, 1}));
  set_gradient(weight, {5, 6});
  EXPECT_EQ(values(weight.grad()), (std::vector<double>{5, 6}));
}

TEST(OptimizerArena, TheOptimizerOutlivesTheHandles) {
  std::optional<Tensor> weight = parameter({1, 2});
  SGD optimizer({*weight}, {.lr = 1});
  weight.reset();
  EXPECT_EQ(values(optimizer.param_groups()[0].params[0]), (std::vector<double>{1, 2}));
}

TEST(OptimizerArena, AParameterThatMovesAwayDoesNotKeepIt) {
  const test::CountingCpu device;
  nn::Linear model(40, 30);
  const Tensor weight = model.parameters().front();
  const void* arena = nullptr;
  {
    const SGD optimizer(model.parameters());
    arena = weight.data<float>();
    EXPECT_TRUE(device.is_allocated(arena));
    model.to(DType::float64);
  }
  EXPECT_FALSE(device.is_allocated(arena));
  EXPECT_TRUE(device.is_allocated(weight.data<double>()));
}

TEST(OptimizerArena, TheNextOptimizerTakesOver) {
  const Tensor weight = parameter({1, 2});
  auto first = std::make_unique<SGD>(std::vector<Tensor>{weight}, optim::SGDOptions{.lr = 1});
  set_gradient(weight, {1, 1});
  Adam second({weight}, {.lr = 0.5});
  first.reset();
  EXPECT_EQ(values(weight), (std::vector<double>{1, 2}));
  second.step();
  EXPECT_NEAR(values(weight)[0], 0.5, 1e-6);
}

TEST(OptimizerArena, AnOptimizerMayBeMoved) {
  const Tensor weight = parameter({1});
  SGD first({weight}, {.lr = 1});
  SGD second = std::move(first);
  set_gradient(weight, {1});
  second.step();
  EXPECT_EQ(values(weight)[0], 0);
}

TEST(OptimizerArena, AStepCountsAsAnInPlaceChange) {
  const Tensor weight = parameter({1, 2});
  SGD optimizer({weight}, {.lr = 1});
  const Tensor loss = (weight * weight).sum();
  set_gradient(weight, {1, 1});
  optimizer.step();
  EXPECT_THROW(loss.backward(), ValueError);
}

TEST(OptimizerArena, HoldsParametersWithoutElements) {
  const Tensor nothing = zeros({0, 3}, {.dtype = DType::float64, .requires_grad = true});
  const Tensor weight = parameter({1});
  SGD optimizer({nothing, weight}, {.lr = 1, .momentum = 0.9});
  nothing.backward(zeros({0, 3}, {.dtype = DType::float64}));
  set_gradient(weight, {1});
  optimizer.step();
  EXPECT_EQ(values(weight)[0], 0);
}

}  // namespace
}  // namespace kindling
