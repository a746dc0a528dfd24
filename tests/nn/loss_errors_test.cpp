// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"

#include <cmath>
#include <functional>
#include <limits>

namespace kindling::test {
namespace {

using nn::Reduction;

struct NamedLoss {
  std::string name;
  std::function<Tensor(const Tensor&, const Tensor&)> loss;
};

const NamedLoss kDifferences[] = {
    {"mse_loss", [](const auto& x, const auto& y) { return nn::mse_loss(x, y); }},
    {"l1_loss", [](const auto& x, const auto& y) { return nn::l1_loss(x, y); }},
    {"huber_loss", [](const auto& x, const auto& y) { return nn::huber_loss(x, y); }},
};

TEST(LossErrors, NothingIsBroadcast) {
  for (const NamedLoss& named : kDifferences) {
    expect_error<ShapeError>(
        named.name +
            ": input [3, 1] and target [3] differ: expected equal shapes: nothing is broadcast",
        [&] {
          return named.loss(zeros({3, 1}), zeros({3}));
        });
    expect_error<ShapeError>(
        named.name +
            ": input [] and target [1] differ: expected equal shapes: nothing is broadcast",
        [&] { return named.loss(zeros({}), zeros({1})); });
  }
}

TEST(LossErrors, DTypesThatDiffer) {
  const Tensor y = zeros({3}, {.dtype = DType::float64});
  for (const NamedLoss& named : kDifferences) {
    expect_error<DTypeError>(
        named.name + ": dtypes differ: float32 and float64: convert one with to(float32)",
        [&] { return named.loss(zeros({3}), y); });
  }
  expect_error<DTypeError>(
      "cross_entropy_loss: dtypes differ: float32 and float64: convert one with to(float32)", [&] {
        return nn::cross_entropy_loss(zeros({3, 2}), y);
      });
}

TEST(LossErrors, Delta) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& [delta, printed] : {std::pair{0.0, "0"}, {-1.0, "-1"}, {nan, "nan"}}) {
    const std::string rest =
        std::string(": delta ") + printed + ": must be finite and greater than 0";
    expect_error<ValueError>("huber_loss" + rest, [&, d = delta] {
      return nn::huber_loss(zeros({1}), zeros({1}), Reduction::mean, d);
    });
    expect_error<ValueError>("HuberLoss" + rest,
                             [&, d = delta] { return nn::HuberLoss({.delta = d}); });
  }
  expect_error<ValueError>("HuberLoss: delta inf: must be finite and greater than 0", [] {
    return nn::HuberLoss({.delta = std::numeric_limits<double>::infinity()});
  });
}

TEST(LossErrors, LabelSmoothing) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& [smoothing, printed] : {std::pair{-0.5, "-0.5"}, {1.5, "1.5"}, {nan, "nan"}}) {
    const std::string rest = std::string(": label_smoothing ") + printed + ": must be from 0 to 1";
    expect_error<ValueError>("cross_entropy_loss" + rest, [&, s = smoothing] {
      return nn::cross_entropy_loss(zeros({1, 2}), zeros({1}), Reduction::mean, s);
    });
    expect_error<ValueError>("CrossEntropyLoss" + rest, [&, s = smoothing] {
      return nn::CrossEntropyLoss({.label_smoothing = s});
    });
  }
}

TEST(LossErrors, CrossEntropyShapes) {
  const auto loss = [](const Shape& logits, const Shape& target) {
    return [=] { return nn::cross_entropy_loss(zeros(logits), zeros(target)); };
  };
  const std::string name = "cross_entropy_loss: ";
  expect_error<ShapeError>(name + "logits [3]: expected [N, C]", loss({3}, {3}));
  expect_error<ShapeError>(name + "logits [2, 3, 4]: expected [N, C]", loss({2, 3, 4}, {2}));
  expect_error<ShapeError>(name + "logits [2, 0]: expected [N, C]", loss({2, 0}, {2}));
  const std::string rest =
      " does not fit logits [2, 3]: expected [2] class numbers or [2, 3] probabilities";
  expect_error<ShapeError>(name + "target [3]" + rest, loss({2, 3}, {3}));
  expect_error<ShapeError>(name + "target [2, 1]" + rest, loss({2, 3}, {2, 1}));
  expect_error<ShapeError>(name + "target []" + rest, loss({2, 3}, {}));
}

TEST(LossErrors, CrossEntropyClasses) {
  const Tensor logits = zeros({2, 3}, {.requires_grad = true});
  const auto loss = [&](const Tensor& target) {
    return [=] { return nn::cross_entropy_loss(logits, target); };
  };
  const auto text = [](const std::string& value, int row) {
    return message("cross_entropy_loss: target ", value, " at ", row,
                   ": expected whole numbers from 0 to 2");
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (default_device().is_cuda()) {  // nobody waits there to look at the numbers
    for (const double wrong : {3.0, -1.0, nan})
      EXPECT_TRUE(std::isnan(loss(tensor({wrong, 0}))().item())) << wrong;
    return;
  }
  expect_error<ValueError>(text("3", 0), loss(tensor({3, 0})));
  expect_error<ValueError>(text("-1", 1), loss(tensor({2, -1})));
  expect_error<ValueError>(text("0.5", 1), loss(tensor({0, 0.5})));
  expect_error<ValueError>(text("nan", 0), loss(tensor({nan, 0})));
  EXPECT_FALSE(logits.grad().defined());
  EXPECT_TRUE(same(logits.detach(), {{2, 3}, {0, 0, 0, 0, 0, 0}}));
}

TEST(LossErrors, CrossEntropyTargetsGetNoGradient) {
  const Tensor logits = zeros({2, 3}, {.requires_grad = true});
  const std::string text =
      "cross_entropy_loss: target: it requires a gradient, and none flows to it here: give its "
      "detach()";
  for (const Shape& shape : {Shape(2, 3), Shape(2)}) {
    const Tensor target = zeros(shape, {.requires_grad = true});
    expect_error<ValueError>(text, [&] { return nn::cross_entropy_loss(logits, target); });
    expect_error<ValueError>(text, [&] { return nn::CrossEntropyLoss()(logits, target * 2); });
    EXPECT_TRUE(nn::cross_entropy_loss(logits, target.detach()).requires_grad());
    const NoGradGuard no_grad;
    nn::cross_entropy_loss(logits, target);
  }
}

TEST(LossErrors, ClassWeightsAndIgnoredClasses) {
  const Tensor logits = zeros({2, 3});
  const Tensor soft = full({2, 3}, 1.0 / 3);
  expect_error<ShapeError>(
      "cross_entropy_loss: weight [2] does not fit logits [2, 3]: expected [3]",
      [&] { nn::cross_entropy_loss(logits, zeros({2}), {.weight = ones({2})}); });
  expect_error<ValueError>(
      "cross_entropy_loss: weight: it requires a gradient, and none flows to "
      "it here: give its detach()",
      [&] {
        nn::cross_entropy_loss(logits, zeros({2}), {.weight = ones({3}, {.requires_grad = true})});
      });
  expect_error<ValueError>(
      "cross_entropy_loss: ignore_index 1: a target of probabilities has no "
      "classes to leave out",
      [&] { nn::cross_entropy_loss(logits, soft, {.ignore_index = 1}); });
  if (default_device().is_cuda()) return;  // nobody looks at the numbers there
  expect_error<ValueError>("cross_entropy_loss: target 3 at 1: expected whole numbers from 0 to 2",
                           [&] {
                             nn::cross_entropy_loss(logits, tensor({-1, 3}), {.ignore_index = -1});
                           });
}

// What does not count may be anything.
TEST(LossErrors, AnIgnoredRowHasNoLoss) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor logits = tensor({{0, 1}, {-infinity, infinity}});
  const Tensor loss = nn::cross_entropy_loss(logits, tensor({1, -100}), {.ignore_index = -100});
  EXPECT_NEAR(loss.item(), std::log1p(std::exp(-1)), 1e-6);
}

}  // namespace
}  // namespace kindling::test
