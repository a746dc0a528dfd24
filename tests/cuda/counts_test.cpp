// SPDX-License-Identifier: MIT
// What a training step costs on the GPU, counted by the emulator: launches, memory, copies, waits.
#include <kindling/kindling.h>

#include "tests/cuda/emulator.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace kindling {
namespace {

namespace emulator = test::emulator;

class CudaCounts : public testing::Test {
 protected:
  void SetUp() override {
    if (!default_device().is_cuda() || !emulator::is_here())
      GTEST_SKIP() << "only the emulator counts what a GPU does";
  }

  static void expect_nothing_but_work() {
    for (const char* name :
         {"allocations", "frees", "host_allocations", "synchronisations", "copies"})
      EXPECT_EQ(emulator::count(name), 0u) << name;
  }
};

std::uint64_t launches() { return emulator::count("launches") + emulator::count("library_calls"); }

/// `layers` Linear layers with a ReLU between them, MSE, Adam and a schedule.
struct Training {
  explicit Training(std::uint64_t layers, double clip_norm = 0) : max_norm(clip_norm) {
    for (std::uint64_t i = 0; i < layers; ++i) {
      if (i > 0) model.push_back(nn::ReLU());
      model.push_back(nn::Linear(6, 6));
    }
    optimizer = std::make_unique<optim::Adam>(model.parameters(), optim::AdamOptions{.lr = 0.01});
    scheduler = std::make_unique<schedulers::LRScheduler>(*optimizer, schedulers::warmup(5));
  }

  void step() const {
    optimizer->zero_grad();
    nn::mse_loss(model(inputs), targets).backward();
    if (max_norm > 0) (void)optim::clip_grad_norm_(model.parameters(), max_norm);
    optimizer->step();
    scheduler->step();
  }

  double max_norm;
  nn::Sequential model;
  Tensor inputs = randn({8, 6});
  Tensor targets = randn({8, 6});
  std::unique_ptr<optim::Adam> optimizer;
  std::unique_ptr<schedulers::LRScheduler> scheduler;
};

TEST_F(CudaCounts, AnEagerStepIsAsManyLaunchesAsItMust) {
  for (const std::uint64_t layers : {1u, 2u, 3u, 5u}) {
    const Training training(layers);
    for (int i = 0; i < 3; ++i) training.step();
    emulator::reset();
    training.step();
    EXPECT_EQ(launches(), 3 * layers + 2) << layers << " layers";
    expect_nothing_but_work();
  }
}

TEST_F(CudaCounts, AReplayIsOneGraphOfAsFewKernels) {
  for (const std::uint64_t layers : {1u, 2u, 3u, 5u}) {
    for (const bool clips : {false, true}) {
      const Training training(layers, clips ? 1.0 : 0.0);
      auto step = capture([&] { training.step(); });
      step(3);
      emulator::reset();
      step();
      EXPECT_EQ(launches(), 3 * layers + 1 + (clips ? 1 : 0)) << layers << " layers";
      EXPECT_EQ(emulator::count("graph_launches"), 1u);
      expect_nothing_but_work();
      emulator::reset();
      step(5);
      EXPECT_EQ(emulator::count("graph_launches"), 5u);
      EXPECT_EQ(launches(), 5 * (3 * layers + 1 + (clips ? 1 : 0)));
    }
  }
}

TEST_F(CudaCounts, ATapeIsRefilledByACopyThatNobodyWaitsFor) {
  const Training training(1);
  auto step = capture([&] { training.step(); });
  step(3);
  emulator::reset();
  step(640);
  EXPECT_EQ(emulator::count("graph_launches"), 640u);
  EXPECT_EQ(emulator::count("copies"), emulator::count("copies.host_to_device"));
  EXPECT_LE(emulator::count("copies"), 2 * 640u / 64);  // a refill may wrap around the ring
  for (const char* name : {"allocations", "frees", "host_allocations", "synchronisations"})
    EXPECT_EQ(emulator::count(name), 0u) << name;
}

TEST_F(CudaCounts, NobodyWaitsForInputFromTheHost) {
  const Tensor inputs = zeros({1000});
  const std::vector<float> data(1000, 1.0f);
  inputs.copy_(data);
  kindling::cuda::synchronize();
  emulator::reset();
  for (int i = 0; i < 100; ++i) inputs.copy_(data);
  EXPECT_LE(emulator::count("copies.host_to_device"), 101u);  // a segment may end within one
  EXPECT_EQ(emulator::count("copied_bytes.host_to_device"), 100 * data.size() * sizeof(float));
  for (const char* name : {"synchronisations", "host_allocations", "allocations", "launches"})
    EXPECT_EQ(emulator::count(name), 0u) << name;
}

/// Bytes that one step of `step` moves, each element of `count`.
void expect_bytes(double expected, std::int64_t count, const std::function<void()>& step) {
  step();
  emulator::reset();
  step();
  const auto bytes =
      static_cast<double>(emulator::count("bytes_read") + emulator::count("bytes_written"));
  const auto sectors =
      static_cast<double>(emulator::count("sectors_read") + emulator::count("sectors_written"));
  const double elements = static_cast<double>(count);
  EXPECT_NEAR(bytes / elements, expected, 0.02 * expected);
  EXPECT_NEAR(sectors * 32 / elements, expected, 0.02 * expected) << "sectors are not fully used";
}

TEST_F(CudaCounts, UpdatesMoveEachElementOnce) {
  constexpr std::int64_t kCount = 1 << 18;
  const auto parameter = [] {
    const Tensor p = zeros({kCount}, {.requires_grad = true});
    p.backward(ones({kCount}));
    return p;
  };
  const Tensor a = parameter();
  optim::Adam adam({a}, {.lr = 0.1});
  expect_bytes(28, kCount, [&] { adam.step(); });
  const Tensor b = parameter();
  optim::SGD sgd({b}, {.lr = 0.1});
  expect_bytes(12, kCount, [&] { sgd.step(); });
  const Tensor c = parameter();
  optim::SGD momentum({c}, {.lr = 0.1, .momentum = 0.9});
  expect_bytes(20, kCount, [&] { momentum.step(); });
}

TEST_F(CudaCounts, UpdatesComputeInDoubleForNoElement) {
  const auto doubles = [](std::int64_t count) {
    const Tensor p = zeros({count}, {.requires_grad = true});
    p.backward(ones({count}));
    optim::Adam optimizer({p}, {.lr = 0.1});
    emulator::reset();
    optimizer.step();
    return emulator::count("thread_instructions.float64");
  };
  constexpr std::int64_t kCount = 1 << 16;
  const std::uint64_t of_few = doubles(1024);
  EXPECT_GT(of_few, 0u) << "the bias corrections are";
  // One thread of a block finds the factor of the gradients.
  EXPECT_LT(doubles(kCount), of_few + kCount / 256);
}

TEST_F(CudaCounts, ALossMovesEachElementOnce) {
  constexpr std::int64_t kCount = 1 << 18;
  const Tensor input = zeros({kCount}, {.requires_grad = true});
  const Tensor target = ones({kCount});
  expect_bytes(12, kCount, [&] { (void)nn::mse_loss(input, target); });
}

TEST_F(CudaCounts, TenThousandReplaysLeaveMemoryAsItWas) {
  const nn::Linear model(2, 1);
  const Tensor inputs = randn({2, 2});
  const Tensor targets = randn({2, 1});
  optim::SGD optimizer(model.parameters(), {.lr = 1e-3});
  schedulers::LRScheduler scheduler(optimizer, schedulers::warmup(5000));
  auto step = capture([&] {
    optimizer.zero_grad();
    nn::mse_loss(model(inputs), targets).backward();
    optimizer.step();
    scheduler.step();
  });
  const auto heap = [] { return mallinfo2().uordblks; };
  step(200);
  kindling::cuda::synchronize();
  emulator::reset();
  const std::size_t before = heap();
  const kindling::cuda::MemoryStats stats = kindling::cuda::memory_stats();
  const std::uint64_t in_use = emulator::count("memory_in_use");
  step(10'000);
  kindling::cuda::synchronize();
  EXPECT_LT(heap(), before + 10'000) << "more than a byte a step, the emulator's own included";
  EXPECT_EQ(emulator::count("memory_in_use"), in_use);
  EXPECT_EQ(emulator::count("peak_memory"), in_use);
  EXPECT_EQ(emulator::count("graph_launches"), 10'000u);
  for (const char* name : {"allocations", "frees", "host_allocations"})
    EXPECT_EQ(emulator::count(name), 0u) << name;
  EXPECT_EQ(kindling::cuda::memory_stats().allocated_bytes, stats.allocated_bytes);
  EXPECT_EQ(kindling::cuda::memory_stats().reserved_bytes, stats.reserved_bytes);
  EXPECT_EQ(kindling::cuda::memory_stats().peak_bytes, stats.peak_bytes);
  EXPECT_EQ(scheduler.last_epoch(), 10'200);
}

TEST_F(CudaCounts, AlignedElementsAreReadInPacks) {
  const auto instructions = [](const auto& op) {
    emulator::reset();
    (void)op();
    return emulator::count("thread_instructions");
  };
  constexpr std::int64_t kRows = 16;
  constexpr std::int64_t kColumns = 256;
  const Tensor x = zeros({kRows, kColumns});
  const Tensor odd = zeros({kRows * kColumns + 1}).narrow(0, 1, kRows * kColumns);
  EXPECT_LT(instructions([&] { return x.clone(); }), instructions([&] { return odd.clone(); }));
  const Tensor row = zeros({kColumns});
  const Tensor odd_row = zeros({kColumns + 1}).narrow(0, 1, kColumns);
  EXPECT_LT(instructions([&] { return x + row; }), instructions([&] { return x + odd_row; }));
}

}  // namespace
}  // namespace kindling
