// SPDX-License-Identifier: MIT
// The memory of a GPU: what is told of it, its end, and that work under way keeps what it needs.
#include <kindling/core/storage.h>
#include <kindling/kernels/backend.h>
#include <kindling/kindling.h>

#include "tests/cuda/emulator.h"
#include "tests/support/array.h"

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace kindling::test {
namespace {

constexpr std::int64_t kMiB = std::int64_t{1} << 20;
constexpr std::int64_t kBlock = std::int64_t{4} << 10;

/// Memory on the GPU that nothing is done with.
detail::Intrusive<detail::Storage> block(std::int64_t bytes) {
  return detail::Storage::allocate(bytes / size_of(DType::float32), DType::float32,
                                   default_device());
}

class CudaMemory : public testing::Test {
 protected:
  void SetUp() override {
    if (!default_device().is_cuda()) GTEST_SKIP() << "only a GPU has a memory of its own";
  }
};

TEST_F(CudaMemory, IsToldOf) {
  const kindling::cuda::MemoryStats before = kindling::cuda::memory_stats();
  auto first = block(kMiB);
  EXPECT_EQ(kindling::cuda::memory_stats().allocated_bytes, before.allocated_bytes + kMiB);
  // A power of two is the size of a block.
  std::int64_t bytes = kMiB;
  while (before.allocated_bytes + bytes <= before.peak_bytes) bytes *= 2;
  auto second = block(bytes);
  kindling::cuda::MemoryStats now = kindling::cuda::memory_stats();
  EXPECT_EQ(now.allocated_bytes, before.allocated_bytes + kMiB + bytes);
  EXPECT_EQ(now.peak_bytes, now.allocated_bytes);
  EXPECT_GE(now.reserved_bytes, now.allocated_bytes);
  first.reset();
  second.reset();
  const std::int64_t peak = now.peak_bytes;
  const std::int64_t reserved = now.reserved_bytes;
  now = kindling::cuda::memory_stats();
  EXPECT_EQ(now.allocated_bytes, before.allocated_bytes);
  EXPECT_EQ(now.peak_bytes, peak);
  EXPECT_EQ(now.reserved_bytes, reserved);  // to be lent again
  first = block(kMiB);
  EXPECT_EQ(kindling::cuda::memory_stats().reserved_bytes, reserved);
}

TEST_F(CudaMemory, ThatIsFreedWhileWorkIsQueuedIsReadByThatWork) {
  constexpr std::int64_t kCount = 4096;
  Tensor x = full({kCount}, 3);
  const void* place = x.impl()->storage->data;
  const Tensor doubled = x * 2;
  x = Tensor();
  const Tensor next = full({kCount}, 5);
  EXPECT_EQ(next.impl()->storage->data, place) << "the test is of memory that is lent again";
  const Tensor sum = doubled + next;
  EXPECT_TRUE(same_bits(doubled, full({kCount}, 6)));
  EXPECT_TRUE(same_bits(sum, full({kCount}, 11)));
}

TEST_F(CudaMemory, IsFilledFromMemoryOfTheHostThatIsReusedAtOnce) {
  constexpr std::int64_t kCount = 1 << 16;
  const Tensor inputs = zeros({kCount});
  const Tensor means = zeros({20});
  std::vector<float> data;
  for (std::int64_t i = 0; i < 20; ++i) {
    data.assign(kCount, static_cast<float>(i));
    inputs.copy_(data);
    means[i].copy_(inputs.mean());
    data.assign(kCount, -1.0f);
  }
  EXPECT_TRUE(same_bits(means, arange(20)));
}

TEST_F(CudaMemory, MayBeReadByOthersOnTheStreamOfTheLibrary) {
  cudaDeviceProp properties = {};
  ASSERT_EQ(cudaGetDeviceProperties(&properties, 0), cudaSuccess);
  EXPECT_EQ(kindling::cuda::device_name(), properties.name);
  constexpr std::size_t kCount = 4096;
  const Tensor x = full({kCount}, 3) * 2;
  void* memory = nullptr;  // page-locked: the copy waits for nobody
  ASSERT_EQ(cudaMallocHost(&memory, kCount * sizeof(float)), cudaSuccess);
  ASSERT_NE(kindling::cuda::stream(), nullptr);
  ASSERT_EQ(
      cudaMemcpyAsync(memory, x.impl()->storage->data, kCount * sizeof(float),
                      cudaMemcpyDeviceToHost, static_cast<cudaStream_t>(kindling::cuda::stream())),
      cudaSuccess);
  kindling::cuda::synchronize();
  const auto* values = static_cast<const float*>(memory);
  EXPECT_EQ(std::vector<float>(values, values + kCount), std::vector<float>(kCount, 6));
  ASSERT_EQ(cudaFreeHost(memory), cudaSuccess);
}

/// Memory of a small GPU that is used up to the last block.
class UsedUp {
 public:
  UsedUp() {
    for (const std::int64_t bytes : {kMiB, kBlock}) {
      try {
        for (;;) blocks_.push_back(block(bytes));
      } catch (const OutOfMemoryError&) {
      }
    }
  }
  void free_one() { blocks_.pop_back(); }

 private:
  std::vector<detail::Intrusive<detail::Storage>> blocks_;
};

class CudaRunningOut : public CudaMemory {
 protected:
  void SetUp() override {
    CudaMemory::SetUp();
    if (IsSkipped()) return;
    std::size_t free = 0;
    ASSERT_EQ(cudaMemGetInfo(&free, &total_), cudaSuccess);
    if (static_cast<std::int64_t>(total_) > 256 * kMiB)
      GTEST_SKIP() << "filling " << total_ << " bytes takes too long: ptxrun --memory";
  }
  std::size_t total_ = 0;
};

TEST_F(CudaRunningOut, SaysHowMuchWasAskedIsUsedAndIsFree) {
  const UsedUp all;
  const std::int64_t used = kindling::cuda::memory_stats().allocated_bytes;
  const std::int64_t most = kindling::cuda::memory_stats().reserved_bytes;
  std::string text;
  try {
    (void)zeros({kMiB + 1});
  } catch (const OutOfMemoryError& error) {
    text = error.what();
  }
  std::size_t free = 0;
  ASSERT_EQ(cudaMemGetInfo(&free, &total_), cudaSuccess);
  EXPECT_EQ(text, message("cuda:0: ", 4 * kMiB + 4, " bytes of memory could not be had: ", used,
                          " are used by tensors, ", free, " of ", total_,
                          " are free: free tensors or use smaller ones"));
  EXPECT_LT(static_cast<std::int64_t>(free), 2 * kBlock);
  EXPECT_EQ(kindling::cuda::memory_stats().allocated_bytes, used);
  EXPECT_LE(kindling::cuda::memory_stats().reserved_bytes, most);
}

TEST_F(CudaRunningOut, WhatGoesBackToTheDriverIsReservedNoLonger) {
  { const UsedUp all; }  // all of it lies free, in blocks of other sizes than the next
  const auto wanted = block(3 * kMiB);
  EXPECT_LE(kindling::cuda::memory_stats().reserved_bytes, static_cast<std::int64_t>(total_));
}

TEST_F(CudaRunningOut, UnderTheWorkspaceOfCublasLtIsNoEndOfIt) {
  if (!emulator::is_here()) GTEST_SKIP() << "only the emulator counts what a GPU does";
  const Tensor a = zeros({128, 128});
  {
    UsedUp memory;
    for (int i = 0; i < 32; ++i) memory.free_one();  // enough for the result
    EXPECT_THROW((void)a.matmul(a), OutOfMemoryError);
  }
  emulator::reset();
  (void)a.matmul(a);
  EXPECT_EQ(emulator::count("library_calls"), 1u);
}

/// Layers whose activations take some blocks each, and too small for cuBLASLt and its workspace.
struct Problem {
  static nn::Sequential network() {
    manual_seed(3);
    return nn::Sequential(nn::Linear(8, 32), nn::Tanh(), nn::Linear(32, 32), nn::ReLU(),
                          nn::Linear(32, 1));
  }
  nn::Sequential model = network();
  Tensor inputs = randn({64, 8});
  Tensor targets = randn({64, 1});
};

std::vector<Array> values_of(const nn::Module& model) {
  std::vector<Array> values;
  for (const Tensor& parameter : model.parameters()) {
    values.push_back(to_array(parameter.detach()));
    if (parameter.grad().defined()) values.push_back(to_array(parameter.grad()));
  }
  return values;
}

void expect_same(const std::vector<Array>& values, const std::vector<Array>& expected) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i].values, expected[i].values);
}

/// Calls attempt() with no block of memory free, with one, with two ... until it gets all it wants.
/// Returns how often it did not.
int with_little_memory(const std::function<void()>& attempt) {
  UsedUp memory;
  for (int failures = 0; failures < 100; ++failures) {
    const std::int64_t used = kindling::cuda::memory_stats().allocated_bytes;
    try {
      attempt();
      return failures;
    } catch (const OutOfMemoryError&) {
    }
    EXPECT_EQ(kindling::cuda::memory_stats().allocated_bytes, used) << "memory leaked";
    memory.free_one();
  }
  ADD_FAILURE() << "there was no end to it";
  return 0;
}

TEST_F(CudaRunningOut, InAForwardOrABackwardLeavesEverythingUsable) {
  const Problem reference;
  nn::mse_loss(reference.model(reference.inputs), reference.targets).backward();

  const Problem problem;
  nn::mse_loss(problem.model(problem.inputs), problem.targets).backward();
  problem.model.zero_grad();  // which keeps the memory
  int backwards = 0;
  const int failures = with_little_memory([&] {
    for (const Tensor& parameter : problem.model.parameters())
      EXPECT_FALSE(parameter.grad().defined());
    const Tensor loss = nn::mse_loss(problem.model(problem.inputs), problem.targets);
    ++backwards;
    loss.backward();
  });
  EXPECT_GT(backwards, 1) << "none failed in the backward";
  EXPECT_GT(failures, backwards) << "none failed in the forward";
  expect_same(values_of(problem.model), values_of(reference.model));
}

/// Eager steps and captured ones, before and after memory has run out.
TEST_F(CudaRunningOut, ThenTrainingGoesOn) {
  const auto train = [](const std::function<void()>& between) {
    const Problem problem;
    optim::Adam optimizer(problem.model.parameters(), {.lr = 0.01});
    schedulers::LRScheduler scheduler(optimizer, schedulers::warmup(10));
    const auto step = [&] {
      optimizer.zero_grad();
      const Tensor loss = nn::mse_loss(problem.model(problem.inputs), problem.targets);
      loss.backward();
      optimizer.step();
      scheduler.step();
      return loss;
    };
    for (int i = 0; i < 3; ++i) (void)step();
    between();
    for (int i = 0; i < 3; ++i) (void)step();
    auto captured = capture(step);
    captured(3);
    between();
    captured(3);
    return values_of(problem.model);
  };
  const auto run_out = [] {
    const UsedUp all;
    EXPECT_THROW((void)zeros({kMiB}), OutOfMemoryError);
  };
  expect_same(train(run_out), train([] {}));
}

TEST_F(CudaRunningOut, InACaptureLeavesEverythingUsable) {
  const auto train = [](bool little) {
    const Problem problem;
    optim::SGD optimizer(problem.model.parameters(), {.lr = 0.01});
    auto step = capture([&] {
      optimizer.zero_grad();
      nn::mse_loss(problem.model(problem.inputs), problem.targets).backward();
      optimizer.step();
    });
    if (little) {
      EXPECT_GT(with_little_memory([&] { step(); }), 1);
      // Nothing is left, and a replay needs nothing.
      const UsedUp all;
      step(4);
    } else {
      step(5);
    }
    EXPECT_EQ(step.steps(), 5);
    return values_of(problem.model);
  };
  expect_same(train(true), train(false));
}

}  // namespace
}  // namespace kindling::test
