// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"

#include <utility>

namespace kindling::test {
namespace {

struct Net : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(3, 4));
  nn::Linear fc2 = register_module("fc2", nn::Linear(4, 2));
  const Tensor scale = register_parameter("scale", full({2}, 2));

  Tensor forward(const Tensor& x) const override { return fc2(relu(fc1(x))) * scale; }
};

// What is registered stays what it is: its optimizer, and the module around it, would go on with
// the old one.
static_assert(!std::is_assignable_v<decltype((std::declval<nn::Linear&>().weight)), Tensor>);
static_assert(!std::is_assignable_v<decltype((std::declval<nn::Linear&>().bias)), Tensor>);
static_assert(!std::is_assignable_v<decltype((std::declval<Net&>().fc1)), nn::Linear>);
static_assert(!std::is_assignable_v<decltype((std::declval<Net&>().scale)), Tensor>);
template <class... Modules>
constexpr bool kNoneIsAssigned = (... && !(std::is_copy_assignable_v<Modules> ||
                                           std::is_move_assignable_v<Modules>));
static_assert(kNoneIsAssigned<nn::Module, nn::Linear, nn::Sequential, nn::ReLU, nn::GELU, nn::SiLU,
                              nn::Tanh, nn::Sigmoid, Net>);
static_assert(std::is_copy_constructible_v<nn::Linear> && std::is_copy_constructible_v<Net>);

// A module whose names can be chosen, to be refused.
struct Holder : nn::Module {
  Tensor forward(const Tensor& x) const override { return x; }
  Tensor add(const std::string& name, const Tensor& tensor) {
    return register_parameter(name, tensor);
  }
  void add(const std::string& name, const nn::Module& module) { add_child(name, module); }
};

std::vector<std::string> names_of(const nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& [name, parameter] : module.named_parameters()) names.push_back(name);
  return names;
}

std::vector<Tensor> values_of(const nn::Module& module) {
  std::vector<Tensor> values;
  for (const auto& [name, value] : module.state_dict()) values.push_back(value);
  return values;
}

void expect_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(same_bits(a[i], b[i]));
}

TEST(Module, NamesItsParametersInOrder) {
  const Net net;
  EXPECT_EQ(names_of(net), (std::vector<std::string>{"fc1.weight", "fc1.bias", "fc2.weight",
                                                     "fc2.bias", "scale"}));
  const std::vector<Tensor> parameters = net.parameters();
  ASSERT_EQ(parameters.size(), 5u);
  EXPECT_EQ(parameters[2].impl(), net.fc2.weight.impl());
  for (const Tensor& parameter : parameters) EXPECT_TRUE(parameter.requires_grad());
}

TEST(Module, ParametersTakeOtherValues) {
  const nn::Linear layer(3, 2);
  const NoGradGuard no_grad;
  layer.weight.copy_(full({2, 3}, 2));
  layer.bias.fill_(1);
  EXPECT_EQ(layer.weight.shape(), Shape(2, 3));
  EXPECT_TRUE(same(layer(ones({1, 3})), {{1, 2}, {7, 7}}));
}

TEST(Module, CallsItsForward) {
  const Net net;
  const nn::Module& module = net;
  const Tensor x = tensor({{1, 2, 3}});
  EXPECT_TRUE(same_bits(module(x), net.forward(x)));
  EXPECT_EQ(net(x).shape(), Shape(1, 2));
}

TEST(Module, ACopySharesTheParameters) {
  const Net net;
  const Net copy = net;
  net.fc1.weight.detach().fill_(7);
  EXPECT_EQ(copy.fc1.weight[0][0].item(), 7);
  EXPECT_EQ(copy.named_parameters()[0].second[0][0].item(), 7);
  copy(ones({1, 3})).sum().backward();
  EXPECT_TRUE(net.fc1.weight.grad().defined());
}

TEST(Module, ListsASharedParameterOnce) {
  const nn::Linear layer(2, 2);
  Holder holder;
  holder.add("a", layer);
  holder.add("b", layer);
  holder.add("w", layer.weight);
  EXPECT_EQ(names_of(holder), (std::vector<std::string>{"a.weight", "a.bias"}));
}

TEST(Module, AMovedFromModuleIsStillOne) {
  Net net;
  const Net taken = std::move(net);  // NOLINT(performance-move-const-arg): that is the question
  EXPECT_EQ(taken.parameters().size(), 5u);
  // NOLINTNEXTLINE(bugprone-use-after-move): that is the question
  EXPECT_EQ(net.parameters().size(), 5u);
}

TEST(Module, ZeroGradMakesGradientsUndefined) {
  const Net net;
  net(ones({1, 3})).sum().backward();
  EXPECT_TRUE(net.fc2.bias.grad().defined());
  net.zero_grad();
  for (const Tensor& parameter : net.parameters()) EXPECT_FALSE(parameter.grad().defined());
}

TEST(Module, GradientsBeginAnewAfterZeroGrad) {
  const nn::Linear layer(1, 1);
  for (int round = 0; round < 3; ++round) {
    layer.zero_grad();
    (layer(full({1, 1}, 5))).sum().backward();
    EXPECT_EQ(layer.weight.grad().item(), 5);
    EXPECT_EQ(layer.bias.grad().item(), 1);
  }
}

TEST(Module, ToIsFollowedByAllHandles) {
  const Net net;
  const Net copy = net;
  const Tensor weight = net.fc1.weight;
  const Tensor view = net.fc1.weight.detach().reshape({12});
  net(ones({1, 3})).sum().backward();
  const Tensor grad = weight.grad();
  const std::vector<double> before = weight.to_vector<double>();
  EXPECT_EQ(&net.to(DType::float64), &net);
  for (const Tensor& tensor : {weight, view, copy.fc1.weight, grad, copy.scale}) {
    EXPECT_EQ(tensor.dtype(), DType::float64);
  }
  EXPECT_EQ(weight.to_vector<double>(), before);
  EXPECT_EQ(view.to_vector<double>(), before);
  EXPECT_EQ(copy(ones({1, 3}, {.dtype = DType::float64})).dtype(), DType::float64);
  copy(ones({1, 3}, {.dtype = DType::float64})).sum().backward();
  EXPECT_EQ(weight.grad().dtype(), DType::float64);
  net.to(Device::cpu());
  EXPECT_EQ(weight.to_vector<double>(), before);
}

TEST(Module, ToBetweenForwardAndBackwardIsAnError) {
  const nn::Linear layer(1, 1);
  const Tensor loss = layer(ones({1, 1})).sum();
  layer.to(DType::float64);
  EXPECT_THROW(loss.backward(), ValueError);
}

TEST(Module, ToAMissingDeviceChangesNothing) {
  if (kindling::cuda::is_available()) GTEST_SKIP() << "this machine has a GPU";
  const nn::Linear layer(1, 1);
  EXPECT_THROW(layer.to(Device::cuda()), DeviceError);
  EXPECT_EQ(layer.weight.device(), Device::cpu());
}

TEST(StateDict, HoldsCopies) {
  const Net net;
  const StateDict state = net.state_dict();
  ASSERT_EQ(state.size(), 5u);
  EXPECT_EQ(state[4].first, "scale");
  EXPECT_FALSE(state[0].second.requires_grad());
  net.fc1.weight.detach().fill_(7);
  EXPECT_NE(state[0].second[0][0].item(), 7);
}

TEST(StateDict, CanBeLoadedInAnyOrderAndDType) {
  const Net source;
  const Net target;
  StateDict state = source.state_dict();
  std::swap(state[0], state[3]);
  state[1].second = state[1].second.to(DType::float64);
  const Tensor handle = target.fc1.weight;
  target.load_state_dict(state);
  expect_same(values_of(target), values_of(source));
  EXPECT_TRUE(same_bits(handle.detach(), source.fc1.weight.detach()));
  EXPECT_TRUE(handle.requires_grad());
}

TEST(StateDict, AFailedLoadChangesNothing) {
  const Net net;
  const std::vector<Tensor> before = values_of(net);
  const StateDict good = Net().state_dict();
  const auto load = [&](const StateDict& state) {
    net.load_state_dict(state);
    return 0;
  };
  const std::string what_to_do = ": load the state of an object that was built alike";
  StateDict missing = good;
  missing.pop_back();
  expect_error<ValueError>("Module: load_state_dict: \"scale\" is missing" + what_to_do,
                           [&] { return load(missing); });
  StateDict unknown = good;
  unknown.emplace_back("fc3.weight", zeros({1}));
  expect_error<ValueError>("Module: load_state_dict: \"fc3.weight\" is unknown here" + what_to_do,
                           [&] { return load(unknown); });
  StateDict misfit = good;
  misfit[4].second = zeros({3});
  expect_error<ShapeError>("Module: load_state_dict: \"scale\" has shape [3], not [2]" + what_to_do,
                           [&] { return load(misfit); });
  StateDict undefined_entry = good;
  undefined_entry[4].second = Tensor();
  EXPECT_THROW(load(undefined_entry), ValueError);
  StateDict twice = good;
  twice.push_back(twice[0]);
  EXPECT_THROW(load(twice), ValueError);
  expect_same(values_of(net), before);
}

TEST(ModuleErrors, Names) {
  Holder holder;
  holder.add("w", ones({1}));
  const auto add = [&](const std::string& name) { return holder.add(name, ones({1})); };
  expect_error<ValueError>("register_parameter: name \"\": must not be empty or hold a dot",
                           [&] { return add(""); });
  expect_error<ValueError>("register_parameter: name \"a.b\": must not be empty or hold a dot",
                           [&] { return add("a.b"); });
  const Tensor tracked = ones({1}, {.requires_grad = true}) * 2;
  expect_error<ValueError>(
      "register_parameter: tensor \"v\" is the result of a tracked op: register its detach()",
      [&] { return holder.add("v", tracked); });
  expect_error<ValueError>("register_parameter: name \"w\" is taken in this module",
                           [&] { return add("w"); });
  expect_error<ValueError>("register_module: name \"w\" is taken in this module", [&] {
    holder.add("w", nn::Linear(1, 1));
    return 0;
  });
  expect_error<ValueError>(undefined("register_parameter"),
                           [&] { return holder.add("v", Tensor()); });
  EXPECT_EQ(names_of(holder), std::vector<std::string>{"w"});
}

// Neither forward() nor parameters() of a module within itself would come to an end.
TEST(ModuleErrors, AModuleWithinItself) {
  const auto text = [](const std::string& name) {
    return "register_module: module \"" + name +
           "\" is the one that it is added to, or holds it: it would have no end";
  };
  nn::Sequential model(nn::Linear(2, 2));
  expect_error<ValueError>(text("1"), [&] { model.push_back(model); });
  nn::Sequential outer(nn::Sequential(nn::Tanh(), model), nn::Tanh());
  expect_error<ValueError>(text("1"), [&] { model.push_back(outer); });
  EXPECT_EQ(model.size(), 1u);
  EXPECT_EQ(model(ones({1, 2})).shape(), Shape(1, 2));
  Holder holder;
  expect_error<ValueError>(text("self"), [&] { holder.add("self", holder); });
  holder.add("twice", model);
  holder.add("again", model);
  EXPECT_EQ(holder.parameters().size(), 2u);
}

struct Blend : nn::Module {
  nn::Linear first = register_module("first", nn::Linear(2, 3));
  nn::Linear second = register_module("second", nn::Linear(4, 3, {.bias = false}));
  nn::Sequential tail = register_module("tail", nn::Sequential(nn::ReLU(), nn::Dropout(0.25)));
  Tensor forward(const Tensor& a, const Tensor& b, double weight) const {
    return first(a) + second(b) * weight;
  }
  using Module::forward;
};

TEST(Module, MayHaveAForwardOfItsOwn) {
  const Blend blend;
  const Tensor a = ones({5, 2}), b = ones({5, 4});
  EXPECT_TRUE(same_bits(blend.forward(a, b, 2), blend.first(a) + blend.second(b) * 2));
  expect_error<ValueError>(
      "Blend: forward: the class has no \"Tensor forward(const Tensor&) const override\": "
      "call the one that it has, or add this",
      [&] { blend(a); });
}

TEST(Module, PrintsItsTree) {
  EXPECT_EQ(message(Blend()),
            "Blend(\n"
            "  first: Linear(2, 3)\n"
            "  second: Linear(4, 3, no bias)\n"
            "  tail: Sequential(\n"
            "    0: ReLU\n"
            "    1: Dropout(0.25)\n"
            "  )\n"
            ")\n"
            "21 parameters");
  EXPECT_EQ(message(nn::BatchNorm1d(3)), "BatchNorm1d(3)\n6 parameters");
}

TEST(Module, IsFrozenAndThawed) {
  const Blend blend;
  blend.first.requires_grad_(false);
  blend.forward(ones({1, 2}), ones({1, 4}), 1).sum().backward();
  EXPECT_FALSE(blend.first.weight.grad().defined());
  EXPECT_TRUE(blend.second.weight.grad().defined());
  blend.requires_grad_(false);
  EXPECT_FALSE(blend.second.weight.requires_grad());
  blend.requires_grad_();
  EXPECT_TRUE(blend.first.weight.requires_grad());
}

struct Counter : nn::Module {
  const Tensor seen = register_buffer("seen", zeros({2}));
  const Tensor scale = register_parameter("scale", ones({2}));
};

TEST(Module, BuffersAreStateAndNotTrained) {
  struct Counters : nn::Module {
    Counter counter = register_module("counter", Counter());
    const Tensor count = register_buffer("count", zeros({}, {.dtype = int64}));
  };
  const Counters net;
  EXPECT_EQ(net.parameters().size(), 1u);
  const auto buffers = net.named_buffers();
  ASSERT_EQ(buffers.size(), 2u);
  EXPECT_EQ(buffers[0].first, "counter.seen");
  EXPECT_EQ(buffers[1].first, "count");
  EXPECT_FALSE(net.counter.seen.requires_grad());
  const StateDict state = net.state_dict();
  ASSERT_EQ(state.size(), 3u);
  EXPECT_EQ(state[0].first, "counter.scale");
  EXPECT_EQ(state[1].first, "counter.seen");
  net.counter.seen.fill_(4);
  net.load_state_dict(state);
  EXPECT_TRUE(same(net.counter.seen, {{2}, {0, 0}}));
  net.to(float64);
  EXPECT_EQ(net.counter.seen.dtype(), float64);
  EXPECT_EQ(net.count.dtype(), int64);
}

}  // namespace
}  // namespace kindling::test
