// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"

#include <thread>

namespace kindling::test {
namespace {

Tensor leaf(const NestedNumbers& values, DType dtype = DType::float32) {
  return tensor(values, {.dtype = dtype, .requires_grad = true});
}

TEST(Autograd, ReachesTheLeaves) {
  const Tensor x = leaf({1, 2, 3});
  const Tensor y = (x * x).sum();
  EXPECT_TRUE(y.requires_grad());
  EXPECT_FALSE(x.grad().defined());
  y.backward();
  EXPECT_TRUE(same(x.grad(), {{3}, {2, 4, 6}}));
  EXPECT_FALSE(x.grad().requires_grad());
}

TEST(Autograd, OnlyLeavesKeepAGradient) {
  const Tensor x = leaf({1, 2});
  const Tensor y = x * 2;
  y.sum().backward();
  EXPECT_FALSE(y.grad().defined());
  EXPECT_TRUE(x.grad().defined());
}

TEST(Autograd, BackwardsAddUp) {
  const Tensor x = leaf({1, 2});
  (x * 3).sum().backward();
  (x * x).sum().backward();
  EXPECT_TRUE(same(x.grad(), {{2}, {5, 7}}));
}

TEST(Autograd, OfALeafItself) {
  const Tensor x = leaf(3);
  x.backward();
  x.backward();
  EXPECT_EQ(x.grad().item(), 2);
  const Tensor y = leaf({1, 2});
  y.backward(tensor({5, 6}));
  EXPECT_TRUE(same(y.grad(), {{2}, {5, 6}}));
}

TEST(Autograd, TakesTheGradientOfTheResult) {
  const Tensor x = leaf({1, 2});
  const Tensor weights = tensor({10, 100});
  (x * x).backward(weights);
  EXPECT_TRUE(same(x.grad(), {{2}, {20, 400}}));
  EXPECT_TRUE(same(weights, {{2}, {10, 100}}));
}

TEST(Autograd, DoesNotChangeOrKeepTheGradientItIsGiven) {
  const Tensor x = leaf({1, 2});
  const Tensor weights = tensor({1, 1});
  const Tensor y = x.reshape({2});
  (y + y).backward(weights);
  EXPECT_TRUE(same(weights, {{2}, {1, 1}}));
  weights.fill_(9);
  EXPECT_TRUE(same(x.grad(), {{2}, {2, 2}}));
}

TEST(Autograd, OneInputUsedManyTimes) {
  const Tensor x = leaf({2});
  const Tensor a = x * 3;  // a diamond, with a link that skips a level
  const Tensor b = a * a;
  const Tensor c = a + b;
  (b * c + a + x).sum().backward();
  // x = 2, a = 6, b = 36, c = 42: d/da = 2a c + b (1 + 2a) + 1 = 973, times da/dx = 3, plus 1
  EXPECT_EQ(x.grad().item(), 2920);
}

TEST(Autograd, GradientsOfSharedResultsAreNotMixedUp) {
  // `a` is passed on as it is to two consumers, one of which is added to later.
  const Tensor x = leaf({1});
  const Tensor y = leaf({1});
  const Tensor a = x.reshape({1});
  const Tensor b = y.reshape({1});
  const Tensor c = a + b;
  (c + a * 5).sum().backward();
  EXPECT_EQ(x.grad().item(), 6);
  EXPECT_EQ(y.grad().item(), 1);
}

TEST(Autograd, StopsAtDetach) {
  const Tensor x = leaf({1, 2});
  const Tensor y = (x * x).detach();
  EXPECT_FALSE(y.requires_grad());
  (x * y).sum().backward();
  EXPECT_TRUE(same(x.grad(), {{2}, {1, 4}}));
}

TEST(Autograd, ALeafCanBeMadeOfAResult) {
  const Tensor x = leaf({1, 2});
  const Tensor y = (x * 2).detach().set_requires_grad(true);
  (y * y).sum().backward();
  EXPECT_TRUE(same(y.grad(), {{2}, {4, 8}}));
  EXPECT_FALSE(x.grad().defined());
}

TEST(NoGrad, TracksNothingAndNests) {
  const Tensor x = leaf({1});
  {
    const NoGradGuard outer;
    { const NoGradGuard inner; }
    EXPECT_FALSE((x * 2).requires_grad());
    EXPECT_TRUE(x.requires_grad());
  }
  EXPECT_TRUE((x * 2).requires_grad());
}

TEST(NoGrad, EndsWithAnException) {
  const Tensor x = leaf({1});
  try {
    const NoGradGuard no_grad;
    throw 1;
  } catch (int) {
  }
  EXPECT_TRUE((x * 2).requires_grad());
}

TEST(NoGrad, IsOfOneThread) {
  const Tensor x = leaf({1});
  const NoGradGuard no_grad;
  bool tracked = false;
  std::thread([&] { tracked = (x * 2).requires_grad(); }).join();
  EXPECT_TRUE(tracked);
}

TEST(Autograd, RunsInAnotherThreadToo) {
  const Tensor x = leaf({1, 2});
  Tensor y = (x * x).sum();
  std::thread([&] {
    y.backward();
    y = Tensor();
  }).join();
  EXPECT_TRUE(same(x.grad(), {{2}, {2, 4}}));
}

TEST(Autograd, SetRequiresGrad) {
  const Tensor x = ones({2});
  x.set_requires_grad(true);
  const Tensor y = x * 2;
  expect_error<ValueError>(
      "set_requires_grad: the tensor is the result of a tracked op: use detach()",
      [&] { return y.set_requires_grad(false); });
  EXPECT_TRUE(y.set_requires_grad(true).requires_grad());
  x.set_requires_grad(false);
  EXPECT_FALSE((x * 2).requires_grad());
}

TEST(AutogradErrors, NothingRequiresAGradient) {
  const std::string text =
      "backward: the tensor does not depend on anything that requires a gradient: call "
      "set_requires_grad() on a leaf, and stay outside of NoGradGuard";
  const auto backward = [](const Tensor& x) {
    x.backward();
    return 0;
  };
  expect_error<ValueError>(text, [&] { return backward(ones({1})); });
  expect_error<ValueError>(text, [&] {
    const NoGradGuard no_grad;
    return backward(leaf({1}) * 2);
  });
}

TEST(AutogradErrors, TheGradientDoesNotFit) {
  const Tensor x = leaf({1, 2});
  const Tensor y = x * 2;
  const auto backward = [&](const Tensor& gradient) {
    y.backward(gradient);
    return 0;
  };
  expect_error<ShapeError>(
      "backward: a tensor of shape [2] needs a gradient of that shape as argument",
      [&] { return backward({}); });
  expect_error<ShapeError>("backward: gradient [3] does not fit tensor [2]",
                           [&] { return backward(ones({3})); });
  expect_error<DTypeError>(
      "backward: dtypes differ: float32 and float64: convert one with to(float32)",
      [&] { return backward(ones({2}, {.dtype = DType::float64})); });
  EXPECT_FALSE(x.grad().defined());
  backward(ones({2}));  // none of them has used the graph up
  EXPECT_TRUE(same(x.grad(), {{2}, {2, 2}}));
}

TEST(AutogradErrors, ASecondBackward) {
  const Tensor x = leaf({1, 2});
  const Tensor y = x * x;
  const Tensor z = y.sum();
  const auto backward = [](const Tensor& root) {
    root.backward();
    return 0;
  };
  backward(z);
  expect_error<ValueError>(
      "backward: the graph of sum was already walked and freed: run the forward pass again",
      [&] { return backward(z); });
  // Through a part that the first one walked.
  expect_error<ValueError>(
      "backward: the graph of mul was already walked and freed: run the forward pass again",
      [&] { return backward((y * 2).sum()); });
  EXPECT_TRUE(same(x.grad(), {{2}, {2, 4}}));
}

TEST(AutogradErrors, ASavedTensorChanged) {
  const auto text = [](const std::string& op) {
    return "backward of " + op +
           ": a tensor it needs was changed in place after the forward pass: change it after "
           "backward(), or give the op a clone()";
  };
  const auto backward = [](const Tensor& root) {
    root.backward();
    return 0;
  };
  const Tensor x = leaf({1, 2});
  const Tensor w = tensor({3, 4});
  Tensor loss = (x * w).sum();
  w.fill_(0);
  expect_error<ValueError>(text("mul"), [&] { return backward(loss); });

  loss = square(x).sum();
  x.detach().fill_(3);  // through another handle
  expect_error<ValueError>(text("square"), [&] { return backward(loss); });

  const Tensor all = arange(4);
  loss = (x * all.narrow(0, 0, 2)).sum();
  all[3].fill_(9);  // through another view, even beside the part that was saved
  expect_error<ValueError>(text("mul"), [&] { return backward(loss); });

  const Tensor y = exp(x);  // saves its result
  loss = y.sum();
  {
    const NoGradGuard no_grad;
    y += 1.0;
  }
  expect_error<ValueError>(text("exp"), [&] { return backward(loss); });

  const Tensor z = leaf({1, 2});
  z.sum().backward();
  loss = (z * z.grad()).sum();
  z.sum().backward();  // adds to the gradient that was saved
  expect_error<ValueError>(text("mul"), [&] { return backward(loss); });

  // What is not needed may change: add needs neither operand, mul by a constant not the tensor.
  const Tensor v = tensor({1, 1});
  loss = ((x + v) * 3).sum();
  v.fill_(0);
  x.detach().fill_(0);
  backward(loss);
  EXPECT_TRUE(same(x.grad(), {{2}, {3, 3}}));
}

TEST(AutogradErrors, LeaveAUsableProgram) {
  const Tensor x = leaf({1, 2});
  const Tensor w = tensor({3, 4});
  {
    const Tensor fine = x * 5;
    const Tensor broken = x * w;
    const Tensor loss = ((fine + broken) * 2).sum();
    w.fill_(1);
    EXPECT_THROW(loss.backward(), ValueError);
    EXPECT_THROW(loss.backward(), ValueError);
    EXPECT_THROW(fine.sum().backward(), ValueError);  // it was on the way
  }
  EXPECT_EQ(live_graph_nodes(), 0);
  const Tensor y = leaf({1, 2});
  (y * w).sum().backward();
  EXPECT_TRUE(same(y.grad(), {{2}, {1, 1}}));
}

}  // namespace
}  // namespace kindling::test
