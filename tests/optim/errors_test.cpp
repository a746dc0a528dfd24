// SPDX-License-Identifier: MIT
#include <kindling/core/nn/linear.h>
#include <kindling/optim/optimizers.h>

#include "tests/optim/training.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"
#include "tests/support/special_values.h"

#include <gtest/gtest.h>

#include <cmath>

namespace kindling {
namespace {

using optim::Adam;
using optim::AdamW;
using optim::SGD;
using test::expect_error;
using test::kInfinity;
using test::kNan;
using test::parameter;
using test::set_gradient;
using test::values;

void expect_refused(const std::string& text, const std::vector<Tensor>& params) {
  expect_error<ValueError>(text, [&] { return SGD(params); });
}

TEST(OptimizerErrors, ParametersThatCannotBeOptimized) {
  const test::OnCpu on_cpu;
  const Tensor good = parameter({1, 2});
  const double* before = good.data<double>();
  expect_refused("SGD: group 0 has no parameters: give it at least one tensor", {});
  expect_refused("SGD: parameter 1 of group 0 is an undefined tensor: give it a value first",
                 {good, Tensor()});
  expect_refused(
      "SGD: parameter 1 of group 0 does not require a gradient: call set_requires_grad(true), or "
      "leave it out",
      {good, ones({2}, {.dtype = DType::float64})});
  expect_refused(
      "SGD: parameter 1 of group 0 is the result of an op, not a leaf: optimize the tensors that "
      "it "
      "was computed from",
      {good, good * 2.0});
  expect_refused(
      "SGD: parameter 1 of group 0 is the same tensor as parameter 0 of group 0, or shares its "
      "memory: give each parameter once",
      {good, good});
  expect_refused(
      "SGD: parameter 1 of group 0 is the same tensor as parameter 0 of group 0, or shares its "
      "memory: give each parameter once",
      {good, good.detach().set_requires_grad(true)});
  expect_refused(
      "SGD: parameter 1 of group 0 of shape [1] is a view of a part of a larger tensor: clone() "
      "it, "
      "or optimize the larger one",
      {good, parameter({1, 2}).detach().narrow(0, 1, 1).set_requires_grad(true)});
  double memory[2] = {1, 2};
  expect_refused(
      "SGD: parameter 1 of group 0 is borrowed memory, whose owner would see no update: clone() it "
      "first",
      {good, borrow(memory, {2}, {.requires_grad = true})});
  expect_error<DTypeError>(
      "SGD: parameter 1 of group 0 is float32, parameter 0 is float64: give each dtype a group of "
      "its own",
      [&] {
        return SGD({good, ones({2}, {.requires_grad = true})});
      });
  EXPECT_EQ(good.data<double>(), before);
  EXPECT_EQ(values(good), (std::vector<double>{1, 2}));
}

TEST(OptimizerErrors, ParametersSharedBetweenGroups) {
  const Tensor weight = parameter({1});
  const std::string text =
      "Adam: parameter 0 of group 1 is the same tensor as parameter 0 of group 0, or shares its "
      "memory: give each parameter once";
  expect_error<ValueError>(text, [&] { return Adam({{{weight}, {}}, {{weight}, {}}}); });
  Adam optimizer({weight});
  expect_error<ValueError>(text, [&] {
    optimizer.add_param_group({{weight}, {}});
    return 0;
  });
  EXPECT_EQ(optimizer.group_count(), 1U);
  expect_error<ValueError>("Adam: no parameter groups: give at least one", [&] {
    return Adam(std::vector<optim::ParamGroup<optim::AdamOptions>>{});
  });
}

template <class Optimizer, class Options>
void expect_refused_options(const std::string& text, const Options& options) {
  expect_error<ValueError>(text, [&] { return Optimizer({parameter({1})}, options); });
}

TEST(OptimizerErrors, HyperParametersOutOfRange) {
  const auto sgd = expect_refused_options<SGD, optim::SGDOptions>;
  sgd("SGD: lr -1: must be finite and not negative", {.lr = -1});
  sgd("SGD: lr nan: must be finite and not negative", {.lr = kNan});
  sgd("SGD: lr inf: must be finite and not negative", {.lr = kInfinity});
  sgd("SGD: momentum -0.5: must be finite and not negative", {.momentum = -0.5});
  sgd("SGD: dampening nan: must be finite", {.dampening = kNan});
  sgd("SGD: weight_decay -0.1: must be finite and not negative", {.weight_decay = -0.1});
  sgd("SGD: nesterov with momentum 0 and dampening 0: must have momentum above 0 and dampening 0",
      {.nesterov = true});
  sgd("SGD: nesterov with momentum 0.9 and dampening 0.1: must have momentum above 0 and dampening "
      "0",
      {.momentum = 0.9, .dampening = 0.1, .nesterov = true});
  const auto adam = expect_refused_options<Adam, optim::AdamOptions>;
  adam("Adam: lr -1: must be finite and not negative", {.lr = -1});
  adam("Adam: betas[0] 1: must be at least 0 and below 1", {.betas = {1, 0.999}});
  adam("Adam: betas[1] -0.1: must be at least 0 and below 1", {.betas = {0.9, -0.1}});
  adam("Adam: betas[1] nan: must be at least 0 and below 1", {.betas = {0.9, kNan}});
  adam("Adam: eps -1e-08: must be finite and not negative", {.eps = -1e-8});
  expect_refused_options<AdamW, optim::AdamWOptions>(
      "AdamW: weight_decay inf: must be finite and not negative", {.weight_decay = kInfinity});
}

TEST(OptimizerErrors, ChangingOptionsChecksThem) {
  SGD optimizer({parameter({1})}, {.lr = 0.5});
  expect_error<ValueError>("SGD: lr -2: must be finite and not negative", [&] {
    optimizer.set_lr(-2);
    return 0;
  });
  expect_error<ValueError>("SGD: momentum -1: must be finite and not negative", [&] {
    optimizer.set_options({.lr = 1, .momentum = -1});
    return 0;
  });
  EXPECT_EQ(optimizer.lr(), 0.5);
  expect_error<ValueError>("SGD: lr: group 3 does not exist: there are 1",
                           [&] { return optimizer.lr(3); });
  expect_error<ValueError>("SGD: set_lr: group 1 does not exist: there are 1", [&] {
    optimizer.set_lr(1, 1);
    return 0;
  });
  expect_error<ValueError>("SGD: options: group 1 does not exist: there are 1",
                           [&] { return optimizer.options(1); });
}

TEST(OptimizerErrors, AnEarlierOptimizerRefusesToStep) {
  const Tensor a = parameter({1});
  const Tensor b = parameter({1});
  SGD first({a, b}, {.lr = 1});
  SGD second({b}, {.lr = 1});
  set_gradient(a, {1});
  set_gradient(b, {1});
  expect_error<ValueError>(
      "SGD: step: parameter 1 of group 0 belongs to the optimizer built last: use that one, or "
      "build "
      "this one again",
      [&] {
        first.step();
        return 0;
      });
  EXPECT_EQ(a.item(), 1);
  second.step();
  EXPECT_EQ(b.item(), 0);
}

TEST(OptimizerErrors, AConvertedModelNeedsANewOptimizer) {
  const nn::Linear model(2, 1);
  SGD optimizer(model.parameters(), {.lr = 1});
  model.to(DType::float64);
  expect_error<ValueError>(
      "SGD: step: parameter 0 of group 0 (\"weight\") was moved to another device or dtype: build "
      "the optimizer "
      "after model.to()",
      [&] {
        optimizer.step();
        return 0;
      });
}

TEST(OptimizerErrors, AMovedFromOptimizerSaysSo) {
  SGD first({parameter({1})});
  const SGD second = std::move(first);
  // NOLINTNEXTLINE(bugprone-use-after-move): that is the question
  const auto use = [&] {
    first.step();
    return 0;
  };
  expect_error<ValueError>("Optimizer: this one was moved from: use the one that it was moved to",
                           use);
}

}  // namespace
}  // namespace kindling
