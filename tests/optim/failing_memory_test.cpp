// SPDX-License-Identifier: MIT
#include "tests/support/failing_memory.h"

#include <kindling/kindling.h>

#include "tests/support/array.h"

// Memory that runs out under an optimizer: it throws, and everything is as it was.
namespace kindling::test {
namespace {

template <class Optimizer>
class FailingMemoryOf : public testing::Test {
  const OnCpu on_cpu_;  // whose memory fails

 protected:
  using Options = std::conditional_t<std::is_same_v<Optimizer, optim::SGD>, optim::SGDOptions,
                                     std::conditional_t<std::is_same_v<Optimizer, optim::Adam>,
                                                        optim::AdamOptions, optim::AdamWOptions>>;

  static Options options() {
    if constexpr (std::is_same_v<Optimizer, optim::SGD>) {
      return {.lr = 0.1, .momentum = 0.9};
    } else {
      return {.lr = 0.1, .amsgrad = true};
    }
  }
  std::vector<optim::ParamGroup<Options>> groups() const {
    return {{{weights_[0], weights_[1]}, options()}, {{weights_[2]}, options()}};
  }
  Optimizer make() const { return Optimizer(groups()); }

  std::vector<Tensor> values() const {
    std::vector<Tensor> found;
    for (const Tensor& weight : weights_) {
      found.push_back(weight.detach().clone());
      found.push_back(weight.grad().clone());
    }
    return found;
  }
  static std::vector<Tensor> values_of(const StateDict& state) {
    std::vector<Tensor> found;
    for (const auto& [name, value] : state) found.push_back(value);
    return found;
  }
  static void expect_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(same_bits(a[i], b[i]));
  }
  void backward() const {
    for (const Tensor& weight : weights_) (weight * weight).sum().backward();
  }
  void step(Optimizer& optimizer) const {
    optimizer.zero_grad();
    backward();
    optimizer.step();
  }

  std::vector<Tensor> weights_{tensor({1, 2, 3}, {.requires_grad = true}),
                               tensor({{4}, {5}}, {.requires_grad = true}),
                               tensor({6, 7, 8, 9}, {.requires_grad = true})};
};

using Optimizers = testing::Types<optim::SGD, optim::Adam, optim::AdamW>;
TYPED_TEST_SUITE(FailingMemoryOf, Optimizers);

TYPED_TEST(FailingMemoryOf, Construction) {
  this->backward();
  const std::vector<Tensor> before = this->values();
  with_failing_memory([&] { (void)this->make(); },
                      [&] { this->expect_same(this->values(), before); });
  this->expect_same(this->values(), before);
}

TYPED_TEST(FailingMemoryOf, Steps) {
  TypeParam optimizer = this->make();
  for (int i = 0; i < 3; ++i) {
    optimizer.zero_grad();
    this->backward();
    with_failing_memory([&] { optimizer.step(); }, [] {});
  }
}

TYPED_TEST(FailingMemoryOf, AGroupThatIsAdded) {
  TypeParam optimizer = this->make();
  this->step(optimizer);
  const Tensor added = tensor({1, 2}, {.requires_grad = true});
  schedulers::StepLR scheduler(optimizer, {.step_size = 2});
  const std::vector<Tensor> before = this->values();
  with_failing_memory(
      [&] {
        optimizer.add_param_group({{added}, this->options()});
      },
      [&] {
        EXPECT_EQ(optimizer.group_count(), 2u);
        this->expect_same(this->values(), before);
        scheduler.step();
        this->step(optimizer);
        for (std::size_t i = 0; i < this->weights_.size(); ++i) {
          this->weights_[i].detach().copy_(before[2 * i]);
          this->weights_[i].grad().copy_(before[2 * i + 1]);
        }
      });
  EXPECT_EQ(optimizer.group_count(), 3u);
}

TYPED_TEST(FailingMemoryOf, States) {
  TypeParam optimizer = this->make();
  this->step(optimizer);
  const StateDict saved = optimizer.state_dict();
  with_failing_memory([&] { (void)optimizer.state_dict(); }, [] {});

  this->step(optimizer);
  const std::vector<Tensor> now = this->values_of(optimizer.state_dict());
  StateDict converted = saved;
  for (auto& [name, value] : converted) value = value.to(DType::float64);
  with_failing_memory([&] { optimizer.load_state_dict(converted); },
                      [&] { this->expect_same(this->values_of(optimizer.state_dict()), now); });
  this->expect_same(this->values_of(optimizer.state_dict()), this->values_of(saved));
}

TYPED_TEST(FailingMemoryOf, Schedulers) {
  TypeParam optimizer = this->make();
  this->step(optimizer);
  with_failing_memory(
      [&] {
        schedulers::CosineAnnealingLR scheduler(optimizer, {.T_max = 10});
        for (int i = 0; i < 20; ++i) scheduler.step();
        const StateDict state = scheduler.state_dict();
        scheduler.load_state_dict(state);
      },
      [&] { EXPECT_NEAR(optimizer.lr(), 0.1, 0.1); });
  optimizer.set_lr(0.1);
  with_failing_memory(
      [&] {
        schedulers::ReduceLROnPlateau plateau(optimizer, {.patience = 0});
        plateau.step(ones({}));
      },
      [&] { EXPECT_EQ(optimizer.lr(), 0.1); });
}

}  // namespace
}  // namespace kindling::test
