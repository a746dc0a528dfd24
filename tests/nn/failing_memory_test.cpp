// SPDX-License-Identifier: MIT
#include "tests/support/failing_memory.h"

#include <kindling/kindling.h>

#include "tests/support/allocations.h"
#include "tests/support/array.h"

#include <new>
#include <thread>

// Memory that runs out in modules, in their states and in a loader. In ops: op_case.cpp.
namespace kindling::test {
namespace {

std::vector<Tensor> copies_of(const StateDict& state) {
  std::vector<Tensor> copies;
  for (const auto& [name, tensor] : state) copies.push_back(tensor.detach().clone());
  return copies;
}

void expect_equal(const std::vector<Tensor>& now, const std::vector<Tensor>& expected) {
  ASSERT_EQ(now.size(), expected.size());
  for (std::size_t i = 0; i < now.size(); ++i) EXPECT_TRUE(same_bits(now[i], expected[i]));
}

nn::Sequential network() {
  manual_seed(5);
  return nn::Sequential(nn::Linear(3, 4), nn::ReLU(), nn::Linear(4, 4), nn::GELU(),
                        nn::Linear(4, 2));
}

TEST(FailingMemory, InTheConstructionOfModules) {
  const OnCpu on_cpu;
  const std::vector<Tensor> expected = copies_of(network().state_dict());
  with_failing_memory(network, [&] { expect_equal(copies_of(network().state_dict()), expected); });
}

TEST(FailingMemory, InAStepThroughAModule) {
  const nn::Sequential model = network();
  const Tensor x = tensor({{1, -2, 3}, {-4, 5, -6}});
  const Tensor y = tensor({{1, 0}, {0.25, 0.75}});
  const auto step = [&] {
    const Tensor output = model(x);
    (nn::mse_loss(output, y) + nn::cross_entropy_loss(output, y)).backward();
  };
  const auto gradients = [&] {
    std::vector<Tensor> found;
    for (const Tensor& parameter : model.parameters()) found.push_back(parameter.grad().clone());
    return found;
  };
  const auto forget = [&] {
    model.zero_grad();
    for (const Tensor& parameter : model.parameters()) parameter.impl()->grad.reset();
  };
  step();
  const std::vector<Tensor> expected = gradients();
  forget();
  with_failing_memory(step, [&] {
    for (const Tensor& parameter : model.parameters()) EXPECT_FALSE(parameter.grad().defined());
    step();
    expect_equal(gradients(), expected);
    forget();
  });
}

// The heap, from which the small objects come: new threads have no store of them.
TEST(FailingMemory, OfTheHeapInAStep) {
  if (!counts_allocations()) GTEST_SKIP() << "this build's heap cannot fail: see allocations.h";
  const nn::Sequential model = network();
  const Tensor scale = full({2}, 2, {.requires_grad = true});
  const Tensor x = tensor({{1, -2, 3}, {-4, 5, -6}});
  const auto step = [&] {
    const Tensor output = (model(x) * scale).transpose(0, 1).narrow(1, 0, 1).softmax(0);
    (output.reshape({2}) + kindling::exp(scale) - output.sum(0)).mean().backward();
  };
  std::vector<Tensor> leaves = model.parameters();
  leaves.push_back(scale);
  const auto gradients = [&] {
    std::vector<Tensor> found;
    for (const Tensor& leaf : leaves) found.push_back(leaf.grad().clone());
    return found;
  };
  const auto forget = [&] {
    for (const Tensor& leaf : leaves) leaf.impl()->grad_defined = false;
    for (const Tensor& leaf : leaves) leaf.impl()->grad.reset();
  };
  step();
  const std::vector<Tensor> expected = gradients();
  forget();
  bool done = false;
  for (std::int64_t n = 1; !done; ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    std::thread([&] {
      fail_heap_at(n);
      bool succeeded = false;  // also where a thread does without a store of small objects
      try {
        step();
        succeeded = true;
      } catch (const std::bad_alloc&) {
      }
      done = succeeded && !heap_failed();
      fail_heap_at(0);
      EXPECT_EQ(live_graph_nodes(), 0);
      if (!succeeded) {
        for (const Tensor& leaf : leaves) EXPECT_FALSE(leaf.grad().defined());
        step();
      }
      expect_equal(gradients(), expected);
      forget();
    }).join();
    ASSERT_LT(n, 1000);
  }
}

TEST(FailingMemory, InStatesOfModules) {
  const nn::Sequential model = network();
  const std::vector<Tensor> before = copies_of(model.state_dict());
  with_failing_memory([&] { (void)model.state_dict(); },
                      [&] { expect_equal(copies_of(model.state_dict()), before); });

  StateDict other = model.state_dict();
  for (auto& [name, tensor] : other) tensor = (tensor * 3).to(DType::float64);
  with_failing_memory([&] { model.load_state_dict(other); },
                      [&] { expect_equal(copies_of(model.state_dict()), before); });
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(same_bits(model.parameters()[i].detach(), before[i] * 3));
  }
}

TEST(FailingMemory, InTheConversionOfModules) {
  const nn::Sequential model = network();
  model(ones({1, 3})).sum().backward();
  const std::vector<Tensor> before = copies_of(model.state_dict());
  with_failing_memory([&] { model.to(DType::float64); },
                      [&] { expect_equal(copies_of(model.state_dict()), before); });
  for (const Tensor& parameter : model.parameters()) {
    EXPECT_EQ(parameter.dtype(), DType::float64);
    EXPECT_EQ(parameter.grad().dtype(), DType::float64);
  }
}

TEST(FailingMemory, InALoader) {
  const Tensor x = arange(15).reshape({5, 3});
  const Tensor y = arange(5);
  const auto make = [&] {
    return DataLoader({x, y}, {.batch_size = 2, .shuffle = true, .seed = 3});
  };
  with_failing_memory(make, [] {});

  const DataLoader expected = make();
  const DataLoader loader = make();
  for (int i = 0; i < 4; ++i) {
    const auto batch = expected.next();
    DataLoader<2>::Batch found;
    with_failing_memory([&] { found = loader.next(); }, [] {});
    for (std::size_t t = 0; t < 2; ++t) EXPECT_TRUE(same_bits(found[t], batch[t]));
  }
  const StateDict state = loader.state_dict();
  const DataLoader resumed = make();
  with_failing_memory([&] { (void)loader.state_dict(); }, [] {});
  with_failing_memory([&] { resumed.load_state_dict(state); }, [] {});
  EXPECT_TRUE(same_bits(resumed.next()[0], expected.next()[0]));
}

TEST(FailingMemory, InACapturedStep) {
  const OnCpu on_cpu;
  const Tensor x = zeros({2});
  auto step = capture([&] {
    const Tensor next = x * 2.0 + 1.0;
    x.copy_(next);  // with all the memory that the step takes
  });
  with_failing_memory([&] { step(); },
                      [&] { EXPECT_EQ(x.to_vector<float>(), std::vector(2, 0.0F)); });
  step(2);
  EXPECT_EQ(x.to_vector<float>(), std::vector(2, 7.0F));
}

TEST(FailingMemory, ThatACapturedStepMakesDoWithout) {
  FailingMemory memory;
  const Tensor x = zeros({2});
  const std::int64_t blocks = memory.blocks();
  Tensor other;
  {
    auto step = capture([&] {
      x += 1.0;
      try {
        (void)(x * 2.0);
      } catch (const OutOfMemoryError&) {
        x += 1.0;
      }
    });
    memory.fail_at(2);  // the first is the step's history
    step();
    EXPECT_TRUE(memory.failed());
    memory.fail_at(0);
    other = ones({2});  // in the place of the tensor that was not made
    step(2);
  }
  EXPECT_EQ(memory.blocks(), blocks + 1);
  EXPECT_EQ(x.to_vector<float>(), std::vector(2, 6.0F));
  EXPECT_EQ(other.to_vector<float>(), std::vector(2, 1.0F));
}

}  // namespace
}  // namespace kindling::test
