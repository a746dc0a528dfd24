// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"

#include <thread>

namespace kindling::test {
namespace {

// Recursion this deep would need more stack than there is.
int deep() { return sized(1'000'000, 2'000); }

Tensor deep_chain(const Tensor& x, int length) {
  Tensor y = x;
  for (int i = 0; i < length; ++i) y = i % 2 == 0 ? y + 1.0 : y * 1.0;
  return y;
}

TEST(Graph, AMillionNodesDeepIsBuiltWalkedAndFreed) {
  const Tensor x = ones({1}, {.requires_grad = true});
  {
    const Tensor y = deep_chain(x, deep());
    EXPECT_EQ(live_graph_nodes(), deep());
    y.backward();
  }
  EXPECT_EQ(x.grad().item(), 1);
  EXPECT_EQ(live_graph_nodes(), 0);
}

TEST(Graph, AMillionNodesDeepIsFreedUnwalked) {
  const Tensor x = ones({1}, {.requires_grad = true});
  { const Tensor y = deep_chain(x, deep()); }
  EXPECT_EQ(live_graph_nodes(), 0);
}

TEST(Graph, ADeepOneOfDiamonds) {
  const Tensor x = ones({1}, {.dtype = DType::float64, .requires_grad = true});
  Tensor y = x;
  for (int i = 0; i < sized(100'000, 1'000); ++i) y = (y + y) * 0.5;
  y.backward();
  EXPECT_EQ(x.grad().item(), 1);
}

TEST(Graph, AWideOne) {
  const Tensor x = ones({1}, {.requires_grad = true});
  Tensor total = x * 0.0;
  const int terms = sized(10'000, 500);
  for (int i = 0; i < terms; ++i) total = total + x * 2.0;
  total.backward();
  EXPECT_EQ(x.grad().item(), 2 * terms);
}

TEST(Graph, IsFreedInAnotherThread) {
  const Tensor x = ones({1}, {.requires_grad = true});
  Tensor y = deep_chain(x, sized(100'000, 2'000));
  std::thread([y = std::move(y)]() mutable { y = Tensor(); }).join();
  EXPECT_EQ(live_graph_nodes(), 0);
}

TEST(Graph, DiesWithItsLastHandle) {
  const Tensor x = ones({2}, {.requires_grad = true});
  Tensor y = x * 2.0;
  Tensor z = y.sum();
  EXPECT_EQ(live_graph_nodes(), 2);
  y = Tensor();
  EXPECT_EQ(live_graph_nodes(), 2);  // z needs it
  z = Tensor();
  EXPECT_EQ(live_graph_nodes(), 0);
}

TEST(Graph, IsFreedByBackwardButForTheHandles) {
  const Tensor x = ones({2}, {.requires_grad = true});
  const Tensor y = exp(x * 2.0);
  const Tensor loss = y.sum();
  EXPECT_EQ(live_graph_nodes(), 3);
  loss.backward();
  EXPECT_EQ(live_graph_nodes(), 2);  // those of y and of loss, which hold nothing any more
}

// Whether nothing but this tensor holds its memory: then one reference less would be none.
bool owns_its_memory_alone(const Tensor& tensor) {
  const detail::Storage& storage = *tensor.impl()->storage;
  const bool alone = storage.drop_reference();
  storage.add_reference();
  return alone;
}

TEST(Graph, KeepsNoMemoryAfterBackward) {
  const Tensor x = ones({2}, {.requires_grad = true});
  const Tensor w = ones({2});
  const Tensor y = exp(x * w);
  const Tensor loss = y.sum();
  EXPECT_FALSE(owns_its_memory_alone(w));
  EXPECT_FALSE(owns_its_memory_alone(y));
  loss.backward();
  EXPECT_TRUE(owns_its_memory_alone(w));
  EXPECT_TRUE(owns_its_memory_alone(y));
}

TEST(Graph, KeepsNoOperandThatNoGradientReads) {
  const Tensor x = ones({2}, {.requires_grad = true});
  const Tensor w = ones({2}, {.requires_grad = true});
  const Tensor sum = x + w;
  EXPECT_TRUE(owns_its_memory_alone(x));
  EXPECT_TRUE(owns_its_memory_alone(w));
  const Tensor product = x * w;
  EXPECT_FALSE(owns_its_memory_alone(x));
  EXPECT_FALSE(owns_its_memory_alone(w));
}

// Every op's result, kept in a variable that the op's own backward could reach: the listener of
// live_nodes.cpp sees if any of them holds on to itself.
TEST(Graph, HasNoCycles) {
  const Tensor x = ones({2, 2}, {.requires_grad = true});
  for (const bool walk : {false, true}) {
    const std::vector<Tensor> results{x + x,
                                      x - 1.0,
                                      x * x,
                                      2.0 / x,
                                      exp(x),
                                      log(x),
                                      sqrt(x),
                                      square(x),
                                      abs(x),
                                      relu(x),
                                      gelu(x),
                                      silu(x),
                                      sigmoid(x),
                                      kindling::tanh(x),
                                      softmax(x, 0),
                                      log_softmax(x, 1),
                                      matmul(x, x),
                                      transpose(x, 0, 1),
                                      reshape(x, {4}),
                                      narrow(x, 1, 0, 1),
                                      index_select(x, tensor({1})),
                                      sum(x),
                                      mean(x, 0),
                                      x.clone(),
                                      x.to(DType::float64),
                                      nn::linear(x, x, x[0], nn::Activation::gelu),
                                      nn::mse_loss(x, x * 2.0),
                                      nn::l1_loss(x, x * 2.0),
                                      nn::huber_loss(x, x * 2.0),
                                      nn::cross_entropy_loss(x, tensor({0, 1}))};
    EXPECT_GE(live_graph_nodes(), static_cast<std::int64_t>(results.size()));
    for (const Tensor& result : results) {
      if (walk) result.backward(ones(result.shape(), {.dtype = result.dtype()}));
    }
  }
  EXPECT_EQ(live_graph_nodes(), 0);
}

}  // namespace
}  // namespace kindling::test
