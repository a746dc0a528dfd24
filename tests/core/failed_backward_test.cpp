// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/kindling.h>

#include "tests/support/array.h"

#include <functional>

// What a backward that an error ended leaves behind. Memory that runs out: failing_memory_test.cpp.
namespace kindling::test {
namespace {

class Converted : public nn::Module {
 public:
  explicit Converted(const Tensor& tensor) { register_parameter("tensor", tensor); }
  Tensor forward(const Tensor& x) const override { return x; }
};

// The leaf's memory changes its type behind the graph's back, so that its gradient is refused.
void spoil(const Tensor& leaf) { Converted(leaf).to(DType::float64); }

TEST(FailedBackward, LeavesNoGradientThatNobodyWrote) {
  const Tensor weight = ones({2, 3}, {.requires_grad = true});
  const Tensor bias = ones({2}, {.requires_grad = true});
  const Tensor x = arange(6).reshape({2, 3});
  const Tensor loss = nn::linear(x, weight, bias).sum();
  spoil(bias);
  EXPECT_THROW(loss.backward(), ValueError);
  EXPECT_FALSE(weight.grad().defined());
  EXPECT_FALSE(bias.grad().defined());
  (weight * 2).sum().backward();
  EXPECT_TRUE(same(weight.grad(), {{2, 3}, {2, 2, 2, 2, 2, 2}}));
}

// What earlier nodes of the walk wrote is a part of the sum, and so not the gradient of anything.
TEST(FailedBackward, LeavesNoPartOfAGradient) {
  const Tensor a = ones({2}, {.requires_grad = true});
  const Tensor b = ones({2}, {.requires_grad = true});
  const Tensor fresh = (b * 2).exp();
  const Tensor loss = (fresh + a * 3).sum();
  spoil(b);
  EXPECT_THROW(loss.backward(), ValueError);
  EXPECT_FALSE(a.grad().defined());
  EXPECT_FALSE(b.grad().defined());
}

TEST(FailedBackward, LeavesEarlierGradientsWhole) {
  const Tensor a = ones({2}, {.requires_grad = true});
  const Tensor b = ones({2}, {.requires_grad = true});
  const Tensor c = ones({2}, {.requires_grad = true});
  (a + b * 2 + c).sum().backward();
  const Tensor loss = (c * a * b).sum();  // c is reached last
  spoil(b);
  EXPECT_THROW(loss.backward(), ValueError);
  EXPECT_TRUE(same(a.grad(), {{2}, {1, 1}}));
  EXPECT_TRUE(same(c.grad(), {{2}, {1, 1}}));
}

TEST(FailedBackward, FreesWhatTheNodesSaved) {
  const Tensor w = ones({2}, {.requires_grad = true});
  Tensor x = full({2}, 2);
  const Tensor product = w * x;
  const detail::Intrusive<detail::Storage> saved = x.impl()->storage;
  x.fill_(3);
  x = Tensor();
  EXPECT_THROW(product.sum().backward(), ValueError);
  EXPECT_EQ(live_graph_nodes(), 1);
  // This one has the memory to itself: the node, which lives on in `product`, let it go.
  EXPECT_TRUE(saved->drop_reference());
  saved->add_reference();
}

}  // namespace
}  // namespace kindling::test
