// SPDX-License-Identifier: MIT
// What every public function says to bad input, against messages.txt: so that a changed text is
// seen in a review. KINDLING_WRITE_MESSAGES=1 writes that file anew.
#include <kindling/kindling.h>

#include "tests/support/devices.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <vector>

namespace kindling::test {
namespace {

namespace s = schedulers;

struct BadCall {
  const char* text;
  std::function<void()> call;
};

#define KINDLING_BAD_CALL(...)                 \
  BadCall {                                    \
#__VA_ARGS__, [=] { (void)(__VA_ARGS__); } \
  }

std::vector<BadCall> bad_ops() {
  const Tensor x = zeros({2, 3}), y = zeros({4}), scalar = zeros({}), nothing;
  const Tensor wide = zeros({2, 3}, {.dtype = float64}), whole = zeros({2, 3}, {.dtype = int64});
  const Tensor tracked = zeros({2, 3}, {.requires_grad = true});
  return {
      KINDLING_BAD_CALL(x + y),
      KINDLING_BAD_CALL(x + wide),
      KINDLING_BAD_CALL(x + whole),
      KINDLING_BAD_CALL(x + nothing),
      KINDLING_BAD_CALL(whole / 2),
      KINDLING_BAD_CALL(whole + 0.5),
      KINDLING_BAD_CALL(exp(nothing)),
      KINDLING_BAD_CALL(exp(whole)),
      KINDLING_BAD_CALL(x == y),
      KINDLING_BAD_CALL(where(tracked, x, x)),
      KINDLING_BAD_CALL(where(x, x, y)),
      KINDLING_BAD_CALL(masked_fill(x, y, 1)),
      KINDLING_BAD_CALL(clamp(x, 2, 1)),
      KINDLING_BAD_CALL(pow(x, y)),
      KINDLING_BAD_CALL(softmax(x, 2)),
      KINDLING_BAD_CALL(matmul(x, x)),
      KINDLING_BAD_CALL(matmul(x, scalar)),
      KINDLING_BAD_CALL(matmul(zeros({2, 3, 4}), zeros({3, 4, 5}))),
      KINDLING_BAD_CALL(sum(x, 2)),
      KINDLING_BAD_CALL(sum(scalar, 0)),
      KINDLING_BAD_CALL(sum(x, {0, -2})),
      KINDLING_BAD_CALL(argmax(zeros({0}))),
      KINDLING_BAD_CALL(reshape(x, {4})),
      KINDLING_BAD_CALL(reshape(x, {-1, -1})),
      KINDLING_BAD_CALL(reshape(x, {-2})),
      KINDLING_BAD_CALL(squeeze(x, 0)),
      KINDLING_BAD_CALL(unsqueeze(x, 4)),
      KINDLING_BAD_CALL(flatten(x, 1, 0)),
      KINDLING_BAD_CALL(transpose(x, 0, 2)),
      KINDLING_BAD_CALL(permute(x, {0, 0})),
      KINDLING_BAD_CALL(expand(x, {3, 3})),
      KINDLING_BAD_CALL(narrow(x, 0, 1, 2)),
      KINDLING_BAD_CALL(x[2]),
      KINDLING_BAD_CALL(scalar[0]),
      KINDLING_BAD_CALL(cat({})),
      KINDLING_BAD_CALL(cat({x, y})),
      KINDLING_BAD_CALL(stack({x, y})),
      KINDLING_BAD_CALL(split(x, 0)),
      KINDLING_BAD_CALL(index_select(x, tensor({2}))),
      KINDLING_BAD_CALL(index_select(x, zeros({1, 1}))),
      KINDLING_BAD_CALL(gather(x, 1, y)),
      KINDLING_BAD_CALL(topk(x, 4)),
      KINDLING_BAD_CALL(one_hot(y, 0)),
      KINDLING_BAD_CALL(allclose(x, y)),
  };
}

std::vector<BadCall> bad_tensors() {
  const Tensor x = zeros({2, 3}), leaf = zeros({2}, {.requires_grad = true}), nothing;
  const Tensor result = leaf * 2;
  return {
      KINDLING_BAD_CALL(nothing.shape()),
      KINDLING_BAD_CALL(x.size(2)),
      KINDLING_BAD_CALL(x.item()),
      KINDLING_BAD_CALL(x.data<double>()),
      KINDLING_BAD_CALL(x.backward()),
      KINDLING_BAD_CALL(result.backward()),
      KINDLING_BAD_CALL(result.backward(x)),
      KINDLING_BAD_CALL(result.set_requires_grad(false)),
      KINDLING_BAD_CALL(leaf += 1),
      KINDLING_BAD_CALL(x += leaf),
      KINDLING_BAD_CALL(x.copy_(zeros({3}))),
      KINDLING_BAD_CALL(x.copy_(std::vector<float>{1})),
      KINDLING_BAD_CALL(zeros({-1})),
      KINDLING_BAD_CALL(zeros({std::int64_t{1} << 40, std::int64_t{1} << 40})),
      KINDLING_BAD_CALL(unsqueeze(zeros({1, 1, 1, 1, 1, 1, 1, 1}), 0)),
      KINDLING_BAD_CALL(zeros({2}, {.dtype = int64, .requires_grad = true})),
      KINDLING_BAD_CALL(full({2}, 0.5, {.dtype = int64})),
      KINDLING_BAD_CALL(arange(0, 1, 0)),
      KINDLING_BAD_CALL(linspace(0, INFINITY, 3)),
      KINDLING_BAD_CALL(eye(-1)),
      KINDLING_BAD_CALL(tensor({{1, 2}, {3}})),
      KINDLING_BAD_CALL(from_data(std::vector<float>{1, 2}, {3})),
      KINDLING_BAD_CALL(borrow(static_cast<float*>(nullptr), {3})),
      KINDLING_BAD_CALL(uniform({2}, 1, 0)),
      KINDLING_BAD_CALL(randint(3, 3, {2})),
      KINDLING_BAD_CALL(randperm(-1)),
      KINDLING_BAD_CALL(rand({2}, {.dtype = int64})),
      KINDLING_BAD_CALL(set_num_threads(0)),
  };
}

std::vector<BadCall> bad_modules() {
  const Tensor x = zeros({4, 3}), logits = zeros({4, 2});
  const nn::Linear layer(2, 2);
  return {
      KINDLING_BAD_CALL(nn::Linear(0, 1)),
      KINDLING_BAD_CALL(layer(x)),
      KINDLING_BAD_CALL(nn::linear(x, zeros({3}), Tensor())),
      KINDLING_BAD_CALL(nn::linear(x, zeros({2, 3}), zeros({3}))),
      KINDLING_BAD_CALL(nn::GELU({.approximate = "erf"})),
      KINDLING_BAD_CALL(nn::Dropout(2)),
      KINDLING_BAD_CALL(nn::LayerNorm(2)(x)),
      KINDLING_BAD_CALL(nn::BatchNorm1d(2)(x)),
      KINDLING_BAD_CALL(nn::BatchNorm1d(3)(zeros({1, 3}))),
      KINDLING_BAD_CALL(nn::Sequential()[0]),
      KINDLING_BAD_CALL(layer.to(int64)),
      KINDLING_BAD_CALL(layer.load_state_dict({})),
      KINDLING_BAD_CALL(nn::mse_loss(x, logits)),
      KINDLING_BAD_CALL(nn::huber_loss(x, x, nn::Reduction::mean, 0)),
      KINDLING_BAD_CALL(nn::cross_entropy_loss(logits, x)),
      KINDLING_BAD_CALL(nn::cross_entropy_loss(logits, tensor({0, 1, 2, 0}))),
      KINDLING_BAD_CALL(nn::cross_entropy_loss(logits, zeros({4}), nn::Reduction::mean, 2)),
      KINDLING_BAD_CALL(nn::cross_entropy_loss(logits, logits, {.ignore_index = 1})),
      KINDLING_BAD_CALL(nn::init::xavier_normal_(zeros({3}))),
      KINDLING_BAD_CALL(nn::init::calculate_gain("swish")),
      KINDLING_BAD_CALL(DataLoader({x, zeros({3})})),
      KINDLING_BAD_CALL(DataLoader({x}, {.batch_size = 0})),
      KINDLING_BAD_CALL(DataLoader({x}, {.batch_size = 5, .drop_last = true})),
      KINDLING_BAD_CALL(random_split({x}, {0.5, 0.4})),
      KINDLING_BAD_CALL(load("/nowhere/at/all.safetensors", layer)),
  };
}

std::vector<BadCall> bad_training() {
  const nn::Linear layer(2, 2);
  const std::vector<Tensor> params = layer.parameters();
  const auto sgd = std::make_shared<optim::SGD>(std::vector{zeros({1}, {.requires_grad = true})},
                                                optim::SGDOptions{.lr = 0.1});
  return {
      KINDLING_BAD_CALL(optim::SGD(std::vector<Tensor>())),
      KINDLING_BAD_CALL(optim::SGD({zeros({1})})),
      KINDLING_BAD_CALL(optim::SGD({params[0], params[0]})),
      KINDLING_BAD_CALL(optim::SGD(params, {.lr = -1})),
      KINDLING_BAD_CALL(optim::SGD(params, {.nesterov = true})),
      KINDLING_BAD_CALL(optim::Adam(params, {.betas = {1, 0.9}})),
      KINDLING_BAD_CALL(optim::RMSprop(params, {.alpha = 1})),
      KINDLING_BAD_CALL(sgd->set_lr(NAN)),
      KINDLING_BAD_CALL(sgd->lr(1)),
      KINDLING_BAD_CALL(sgd->load_state_dict({})),
      KINDLING_BAD_CALL(optim::clip_grad_norm_(params, -1)),
      KINDLING_BAD_CALL(optim::clip_grad_value_(params, NAN)),
      KINDLING_BAD_CALL(optim::AveragedParameters(params, {.decay = 1})),
      KINDLING_BAD_CALL(s::cosine({})),
      KINDLING_BAD_CALL(s::step({})),
      KINDLING_BAD_CALL(s::linear({.start_factor = NAN})),
      KINDLING_BAD_CALL(s::multi_step({.milestones = {-5}})),
      KINDLING_BAD_CALL(s::exponential({.gamma = -1})),
      KINDLING_BAD_CALL(s::one_cycle({.max_lr = 1})),
      KINDLING_BAD_CALL(s::cyclic({.base_lr = 0, .max_lr = 1, .mode = "square"})),
      KINDLING_BAD_CALL(s::warmup(-1)),
      KINDLING_BAD_CALL(s::sequence({s::warmup(1)}, {3, 2})),
      KINDLING_BAD_CALL(s::ReduceLROnPlateau(*sgd, {.mode = "least"})),
      KINDLING_BAD_CALL(capture([] { (void)zeros({}).item(); })()),
      KINDLING_BAD_CALL(capture(std::function<void()>())),
      KINDLING_BAD_CALL(capture([] {}).result()),
      KINDLING_BAD_CALL(capture([] {})(-1)),
  };
}

template <class E>
bool is(const Error& error, const char* name, std::string& kind) {
  if (dynamic_cast<const E*>(&error) == nullptr) return false;
  kind = name;
  return true;
}

std::string said_by(const BadCall& bad) {
  try {
    bad.call();
  } catch (const Error& error) {
    std::string kind = "Error";
    (void)(is<ShapeError>(error, "ShapeError", kind) || is<DTypeError>(error, "DTypeError", kind) ||
           is<DeviceError>(error, "DeviceError", kind) ||
           is<ValueError>(error, "ValueError", kind) ||
           is<CaptureError>(error, "CaptureError", kind) ||
           is<FileError>(error, "FileError", kind) ||
           is<OutOfMemoryError>(error, "OutOfMemoryError", kind));
    return message(bad.text, "\n    ", kind, ": ", error.what(), "\n");
  }
  return message(bad.text, "\n    NO ERROR\n");
}

TEST(Messages, AreThoseThatWereReviewed) {
  const OnCpu on_cpu;
  set_log_callback([](LogLevel, const std::string&) {});
  std::string said;
  for (const auto& calls : {bad_ops(), bad_tensors(), bad_modules(), bad_training()})
    for (const BadCall& bad : calls) said += said_by(bad);
  set_log_callback({});
  const std::string path = KINDLING_TESTS_DIR "/core/messages.txt";
  if (std::getenv("KINDLING_WRITE_MESSAGES") != nullptr) std::ofstream(path) << said;
  std::ifstream file(path);
  std::ostringstream reviewed;
  reviewed << file.rdbuf();
  EXPECT_EQ(said, reviewed.str());
  EXPECT_EQ(said.find("NO ERROR"), std::string::npos);
}

}  // namespace
}  // namespace kindling::test
