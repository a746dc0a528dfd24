// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/expect_error.h"

#include <functional>
#include <sstream>
#include <utility>

namespace kindling::test {
namespace {

struct Use {
  std::string op;
  std::function<void(const Tensor&)> use;
};

const Tensor& operand() {
  static const Tensor x = ones({2, 2});
  return x;
}

const std::vector<Use>& uses() {
  static const std::vector<Use> table{
      {"shape", [](const Tensor& x) { x.shape(); }},
      {"size", [](const Tensor& x) { x.size(0); }},
      {"dim", [](const Tensor& x) { x.dim(); }},
      {"numel", [](const Tensor& x) { x.numel(); }},
      {"dtype", [](const Tensor& x) { x.dtype(); }},
      {"device", [](const Tensor& x) { x.device(); }},
      {"to", [](const Tensor& x) { x.to(DType::float64); }},
      {"to", [](const Tensor& x) { x.to(Device::cpu()); }},
      {"item", [](const Tensor& x) { x.item(); }},
      {"to_vector", [](const Tensor& x) { x.to_vector<float>(); }},
      {"data", [](const Tensor& x) { x.data<float>(); }},
      {"grad", [](const Tensor& x) { x.grad(); }},
      {"requires_grad", [](const Tensor& x) { x.requires_grad(); }},
      {"set_requires_grad", [](const Tensor& x) { x.set_requires_grad(true); }},
      {"backward", [](const Tensor& x) { x.backward(); }},
      {"detach", [](const Tensor& x) { x.detach(); }},
      {"clone", [](const Tensor& x) { x.clone(); }},
      {"copy_", [](const Tensor& x) { x.copy_(operand()); }},
      {"copy_", [](const Tensor& x) { operand().copy_(x); }},
      {"copy_", [](const Tensor& x) { x.copy_(std::vector<float>{1}); }},
      {"copy_", [](const Tensor& x) { x.copy_(std::vector<double>{1}); }},
      {"fill_", [](const Tensor& x) { x.fill_(1); }},
      {"zero_", [](const Tensor& x) { x.zero_(); }},
      {"operator[]", [](const Tensor& x) { x[0]; }},
      {"add", [](const Tensor& x) { x += 1.0; }},
      {"sub", [](const Tensor& x) { x -= 1.0; }},
      {"mul", [](const Tensor& x) { x *= operand(); }},
      {"div", [](const Tensor& x) { operand() /= x; }},
      {"add", [](const Tensor& x) { x + operand(); }},
      {"add", [](const Tensor& x) { operand() + x; }},
      {"sub", [](const Tensor& x) { x - operand(); }},
      {"sub", [](const Tensor& x) { operand() - x; }},
      {"mul", [](const Tensor& x) { x * 2.0; }},
      {"div", [](const Tensor& x) { 2.0 / x; }},
      {"neg", [](const Tensor& x) { -x; }},
      {"sin", [](const Tensor& x) { x.sin(); }},
      {"cos", [](const Tensor& x) { x.cos(); }},
      {"log1p", [](const Tensor& x) { x.log1p(); }},
      {"expm1", [](const Tensor& x) { x.expm1(); }},
      {"softplus", [](const Tensor& x) { x.softplus(); }},
      {"sign", [](const Tensor& x) { x.sign(); }},
      {"floor", [](const Tensor& x) { x.floor(); }},
      {"isnan", [](const Tensor& x) { x.isnan(); }},
      {"neg", [](const Tensor& x) { neg(x); }},
      {"exp", [](const Tensor& x) { exp(x); }},
      {"log", [](const Tensor& x) { log(x); }},
      {"sqrt", [](const Tensor& x) { sqrt(x); }},
      {"square", [](const Tensor& x) { square(x); }},
      {"abs", [](const Tensor& x) { abs(x); }},
      {"relu", [](const Tensor& x) { relu(x); }},
      {"gelu", [](const Tensor& x) { gelu(x); }},
      {"gelu_tanh", [](const Tensor& x) { gelu_tanh(x); }},
      {"silu", [](const Tensor& x) { silu(x); }},
      {"tanh", [](const Tensor& x) { x.tanh(); }},
      {"sigmoid", [](const Tensor& x) { sigmoid(x); }},
      {"softmax", [](const Tensor& x) { softmax(x, 0); }},
      {"log_softmax", [](const Tensor& x) { log_softmax(x, 0); }},
      {"matmul", [](const Tensor& x) { matmul(x, operand()); }},
      {"matmul", [](const Tensor& x) { matmul(operand(), x); }},
      {"transpose", [](const Tensor& x) { transpose(x, 0, 1); }},
      {"reshape", [](const Tensor& x) { reshape(x, {1}); }},
      {"narrow", [](const Tensor& x) { narrow(x, 0, 0, 1); }},
      {"index_select", [](const Tensor& x) { index_select(x, operand()[0]); }},
      {"index_select", [](const Tensor& x) { index_select(operand(), x); }},
      {"sum", [](const Tensor& x) { sum(x); }},
      {"sum", [](const Tensor& x) { sum(x, 0); }},
      {"mean", [](const Tensor& x) { mean(x); }},
      {"mean", [](const Tensor& x) { mean(x, 0); }},
      {"argmax", [](const Tensor& x) { argmax(x); }},
      {"argmax", [](const Tensor& x) { argmax(x, 0); }},
      {"allclose", [](const Tensor& x) { allclose(x, operand()); }},
      {"allclose", [](const Tensor& x) { allclose(operand(), x); }},
      {"DataLoader",
       [](const Tensor& x) {
         DataLoader({operand(), x});
       }},
      {"silu", [](const Tensor& x) { nn::activate(x, nn::Activation::silu); }},
      {"tanh", [](const Tensor& x) { nn::Tanh()(x); }},
      {"linear", [](const Tensor& x) { nn::linear(x, operand()); }},
      {"linear", [](const Tensor& x) { nn::linear(operand(), x); }},
      {"mse_loss", [](const Tensor& x) { nn::mse_loss(x, operand()); }},
      {"mse_loss", [](const Tensor& x) { nn::mse_loss(operand(), x); }},
      {"l1_loss", [](const Tensor& x) { nn::l1_loss(x, operand()); }},
      {"huber_loss", [](const Tensor& x) { nn::huber_loss(x, operand()); }},
      {"cross_entropy_loss", [](const Tensor& x) { nn::cross_entropy_loss(x, operand()); }},
      {"cross_entropy_loss", [](const Tensor& x) { nn::cross_entropy_loss(operand(), x); }},
  };
  return table;
}

TEST(Undefined, ADefaultConstructedTensorIsRefusedByName) {
  for (const Use& use : uses()) {
    expect_error<ValueError>(undefined(use.op), [&] {
      use.use(Tensor());
      return 0;
    });
  }
  EXPECT_TRUE(same(operand(), {{2, 2}, {1, 1, 1, 1}}));
}

TEST(Undefined, AMovedFromTensorIsRefusedByName) {
  for (const Use& use : uses()) {
    Tensor x = ones({2, 2});
    const Tensor taken = std::move(x);
    // NOLINTNEXTLINE(bugprone-use-after-move): that is the question
    expect_error<ValueError>(undefined(use.op), [&] {
      use.use(x);
      return 0;
    });
  }
}

TEST(Undefined, SoIsAGradientThatNoBackwardReached) {
  const Tensor x = ones({2, 2}, {.requires_grad = true});
  EXPECT_FALSE(x.grad().defined());
  expect_error<ValueError>(undefined("sum"), [&] { return x.grad().sum(); });
}

}  // namespace
}  // namespace kindling::test
