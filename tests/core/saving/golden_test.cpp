// SPDX-License-Identifier: MIT
// Files that Python's package safetensors wrote and read: golden/safetensors_files.py.
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/temp_folder.h"

#include <gtest/gtest.h>

#include <vector>

namespace kindling::test {
namespace {

std::filesystem::path golden_file(const std::string& name) {
  return std::filesystem::path(KINDLING_TESTS_DIR) / "core/saving/golden" / name;
}

nn::Sequential golden_model() {
  return nn::Sequential(nn::Linear(3, 4), nn::ReLU(), nn::Linear(4, 2));
}

// first, first + 1/8, ... through all parameters in order.
void set_values(const nn::Module& model, double first) {
  for (const Tensor& parameter : model.parameters()) {
    const std::int64_t count = parameter.numel();
    parameter.detach().copy_(
        (first + arange(static_cast<double>(count)) / 8.0).reshape(parameter.shape()));
    first += static_cast<double>(count) / 8;
  }
}

TEST(SafetensorsGolden, AModelFromPythonLoads) {
  const nn::Sequential loaded = golden_model();
  load(golden_file("python.safetensors"), loaded);
  const nn::Sequential expected = golden_model();
  set_values(expected, 1);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(loaded.parameters()[i].to_vector<float>(),
              expected.parameters()[i].to_vector<float>());
  }
}

// Python has read these very bytes.
TEST(SafetensorsGolden, WhatPythonReadIsWhatIsWritten) {
  const TempFolder folder;
  const nn::Sequential model = golden_model();
  set_values(model, -1);
  save(folder / "model", model);
  EXPECT_EQ(read_file(folder / "model"), read_file(golden_file("kindling.safetensors")));

  optim::Adam optimizer(model.parameters(), {.lr = 0.5});
  schedulers::StepLR scheduler(optimizer, {.step_size = 1, .gamma = 0.5});
  model(ones({2, 3})).sum().backward();
  optimizer.step();
  scheduler.step();
  const Generator random(7);
  save(folder / "run", optimizer, scheduler, random);
  if (default_device().is_cuda()) return;  // other products, other last bits
  EXPECT_EQ(read_file(folder / "run"), read_file(golden_file("kindling_run.safetensors")));
}

}  // namespace
}  // namespace kindling::test
