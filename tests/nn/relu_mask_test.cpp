// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/other_cpu.h"

#include <algorithm>
#include <functional>
#include <vector>

// A consumer of a ReLU's output may mask its part of the gradient (x > 0) while it writes it, and
// if all have, the ReLU's own backward is skipped. Whatever the mix of consumers, the gradient must
// be that of a graph without the trick: relu(x) written as x * (x > 0).
namespace kindling::test {
namespace {

using Consumer = std::function<Tensor(const Tensor&)>;

struct Data {
  Tensor x = randn({9, 5}, {.dtype = DType::float64});
  Tensor first = randn({7, 5}, {.dtype = DType::float64});
  Tensor bias = randn({7}, {.dtype = DType::float64});
  Tensor second = randn({3, 7}, {.dtype = DType::float64});
  Tensor third = randn({7, 4}, {.dtype = DType::float64});
  Tensor columns = randn({4, 9}, {.dtype = DType::float64});
};

const Data& data() {
  static const Data made = [] {
    manual_seed(21);
    return Data();
  }();
  return made;
}

// Those that mask...
Tensor by_linear(const Tensor& h) { return nn::linear(h, data().second); }
Tensor by_linear_and_relu(const Tensor& h) {
  return nn::linear(h, data().second, {}, nn::Activation::relu);
}
Tensor by_matmul(const Tensor& h) { return matmul(h, data().third); }
Tensor as_second_factor(const Tensor& h) { return matmul(data().columns, h); }
// ...and those that do not.
Tensor by_product(const Tensor& h) { return h * h; }
Tensor by_pass(const Tensor& h) { return h + 1.0; }
Tensor by_view(const Tensor& h) { return h.reshape({63}); }
Tensor by_sum(const Tensor& h) { return h.sum(0); }

// The gradients of x, and of the first layer's weight and bias.
std::vector<Tensor> run(bool fused_layer, bool tricky, const std::vector<Consumer>& consumers) {
  const Tensor x = data().x.clone().set_requires_grad(true);
  const Tensor weight = data().first.clone().set_requires_grad(true);
  const Tensor bias = data().bias.clone().set_requires_grad(true);
  Tensor h;
  if (!tricky) {
    const Tensor z = nn::linear(x, weight, bias);
    std::vector<double> mask = z.to_vector<double>();
    for (double& value : mask) value = value > 0 ? 1 : 0;
    h = z * from_data(mask, z.shape());
  } else if (fused_layer) {
    h = nn::linear(x, weight, bias, nn::Activation::relu);
  } else {
    h = relu(nn::linear(x, weight, bias));
  }
  Tensor loss = full({}, 0, {.dtype = DType::float64});
  double scale = 1;
  for (const Consumer& consumer : consumers) loss = loss + consumer(h).sum() * (scale += 0.5);
  loss.backward();
  return {x.grad(), weight.grad(), bias.grad()};
}

void expect_right(const std::vector<Consumer>& consumers) {
  const std::vector<Tensor> expected = run(false, false, consumers);
  for (const bool fused_layer : {false, true}) {
    const std::vector<Tensor> gradients = run(fused_layer, true, consumers);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      EXPECT_TRUE(close(to_array(gradients[i]), to_array(expected[i]), {1e-12, 1e-12}))
          << (fused_layer ? "fused, " : "relu, ") << "gradient " << i;
    }
  }
}

const std::vector<Consumer>& all() {
  static const std::vector<Consumer> consumers{
      by_linear, by_linear_and_relu, by_matmul, as_second_factor, by_product, by_pass, by_view,
      by_sum};
  return consumers;
}

TEST(ReluMask, OneConsumer) {
  for (const Consumer& consumer : all()) expect_right({consumer});
}

// Every pair in both orders: the part that comes last in the forward pass is written first.
TEST(ReluMask, TwoConsumersMaskingOrNot) {
  for (const Consumer& a : all()) {
    for (const Consumer& b : all()) expect_right({a, b});
  }
}

TEST(ReluMask, ThreeConsumersMaskingOrNot) {
  for (const auto& a : {by_linear, by_pass}) {
    for (const auto& b : {by_matmul, by_view}) {
      for (const auto& c : {by_linear_and_relu, by_product}) expect_right({a, b, c});
    }
  }
}

TEST(ReluMask, OneReluAsBothFactors) {
  const auto gradient = [](bool tricky) {
    const Tensor x = data().x.clone().set_requires_grad(true);
    Tensor h;
    if (tricky) {
      h = relu(x);
    } else {
      std::vector<double> mask = x.to_vector<double>();
      for (double& value : mask) value = value > 0 ? 1 : 0;
      h = x * from_data(mask, x.shape());
    }
    matmul(h, transpose(h, 0, 1)).sum().backward();
    return to_array(x.grad());
  };
  EXPECT_TRUE(close(gradient(true), gradient(false), {1e-12, 1e-12}));
}

// The result of a ReLU as the loss itself: nothing has masked the gradient that backward is given.
TEST(ReluMask, BackwardFromTheReluItself) {
  for (const bool fused_layer : {false, true}) {
    const Tensor x = tensor({{-1, 2, -3}}, {.requires_grad = true});
    const Tensor h = fused_layer ? nn::linear(x, tensor({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}), {},
                                              nn::Activation::relu)
                                 : relu(x);
    h.backward(tensor({{5, 6, 7}}));
    EXPECT_TRUE(same(x.grad(), {{1, 3}, {0, 6, 0}}));
  }
}

// And from a masking consumer and the ReLU itself, one backward after the other on new graphs.
TEST(ReluMask, DoesNotLeakIntoTheNextGraph) {
  const Tensor x = tensor({{-1, 2}}, {.requires_grad = true});
  const Tensor weight = tensor({{1, 1}});
  nn::linear(relu(x), weight).backward();
  EXPECT_TRUE(same(x.grad(), {{1, 2}, {0, 1}}));
  relu(x).backward(tensor({{10, 10}}));
  EXPECT_TRUE(same(x.grad(), {{1, 2}, {0, 11}}));
}

// A batch of products is not masked.
TEST(ReluMask, BatchesOfProducts) {
  const Tensor x = from_data(spread({2, 3, 4}, -1, 1).values, {2, 3, 4}, {.requires_grad = true});
  const Tensor w = ones({2, 4, 5}, {.dtype = DType::float64});
  matmul(relu(x), w).sum().backward();
  const std::vector<double> values = x.to_vector<double>();
  const std::vector<double> gradient = x.grad().to_vector<double>();
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(gradient[i], values[i] > 0 ? 5 : 0);
}

/// A device whose products leave the mask of a ReLU in a form of its own.
class DeviceWithBits final : public OtherCpu {
 public:
  DeviceWithBits() : OtherCpu(with_spy()) { kernels::cpu::exchange_backend(*this); }
  ~DeviceWithBits() override { kernels::cpu::exchange_backend(cpu()); }
  std::size_t relu_bits_bytes(std::int64_t m, std::int64_t n) const override {
    return static_cast<std::size_t>(m * n);
  }

  void deallocate(void* data, std::size_t bytes) noexcept override {
    freed.push_back(data);
    OtherCpu::deallocate(data, bytes);
  }

  static inline std::vector<kernels::Product> products;  // since the test began
  std::vector<void*> freed;

 private:
  static const kernels::KernelTable& with_spy() {
    static const kernels::KernelTable table = [] {
      kernels::KernelTable copy = kernels::cpu::backend().table();
      static const kernels::Kernel original = copy.kernels[kernels::kKind<kernels::Product>];
      copy.kernels[kernels::kKind<kernels::Product>] = [](kernels::Backend& backend,
                                                          const void* arguments) {
        products.push_back(*static_cast<const kernels::Product*>(arguments));
        original(backend, arguments);
      };
      return copy;
    }();
    return table;
  }
};

TEST(ReluMask, ADevicesBitsGoFromTheForwardProductToItsBackward) {
  const OnCpu on_cpu;
  DeviceWithBits device;
  DeviceWithBits::products.clear();
  const Data data;
  const Tensor x = data.x.clone().set_requires_grad(true);
  const Tensor h = nn::linear(x, data.first, data.bias, nn::Activation::relu);
  const Tensor loss = nn::linear(h, data.second).sum() + matmul(h, data.third).sum();
  device.freed.clear();
  loss.backward();
  std::vector<void*> left, used;
  for (const kernels::Product& product : DeviceWithBits::products) {
    if (product.relu_bits == nullptr) continue;
    (product.mask.data == nullptr ? left : used).push_back(product.relu_bits);
  }
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(used, (std::vector<void*>{left[0], left[0]}));
  EXPECT_EQ(std::count(device.freed.begin(), device.freed.end(), left[0]), 1);  // though h lives
}

}  // namespace
}  // namespace kindling::test
