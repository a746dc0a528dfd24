// SPDX-License-Identifier: MIT
// The training step in Kindling as its users write it, eager and captured, on the default device.
#pragma once

#include <kindling/kindling.h>

#include "bench/device.h"
#include "bench/works.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace kindling::bench {

class EagerStep {
 public:
  explicit EagerStep(const Work& work) : EagerStep(work, WorkData(work)) {}
  EagerStep(const EagerStep&) = delete;
  EagerStep& operator=(const EagerStep&) = delete;

  void run() { loss_ = step(); }
  void wait() const { wait_for_device(); }
  double loss() const { return loss_.item(); }
  std::vector<Tensor> parameters() const { return network_.parameters(); }

  Tensor step() {
    optimizer_->zero_grad();
    const Tensor loss = nn::mse_loss(network_(inputs_), targets_);
    loss.backward();
    optimizer_->step();
    scheduler_.step();
    return loss;
  }

 private:
  EagerStep(const Work& work, const WorkData& data)
      : inputs_(from_data(data.inputs, {work.batch, work.widths.front()})),
        targets_(from_data(data.targets, {work.batch, work.widths.back()})),
        network_(network_of(work, data)),
        optimizer_(optimizer_of(work, network_.parameters())),
        scheduler_(*optimizer_, schedulers::warmup(kWarmUpSteps)) {}

  static nn::Sequential network_of(const Work& work, const WorkData& data) {
    const NoGradGuard no_grad;
    nn::Sequential network;
    for (std::size_t l = 0; l < work.layers(); ++l) {
      const nn::Linear linear(work.widths[l], work.widths[l + 1]);
      linear.weight.copy_(data.layers[l].weight);
      linear.bias.copy_(data.layers[l].bias);
      network.push_back(linear);
      if (l + 1 < work.layers()) network.push_back(nn::ReLU());
    }
    return network;
  }

  static std::unique_ptr<optim::Optimizer> optimizer_of(const Work& work,
                                                        const std::vector<Tensor>& parameters) {
    if (work.update == Update::adam) {
      const optim::AdamOptions options = {
          .lr = work.learning_rate, .betas = {kBeta1, kBeta2}, .eps = kEpsilon};
      return std::make_unique<optim::Adam>(parameters, options);
    }
    return std::make_unique<optim::SGD>(parameters, optim::SGDOptions{.lr = work.learning_rate});
  }

  Tensor inputs_;
  Tensor targets_;
  nn::Sequential network_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  schedulers::LRScheduler scheduler_;
  Tensor loss_;
};

class CapturedStep {
 public:
  explicit CapturedStep(const Work& work)
      : eager_(work), captured_(capture([this] { return eager_.step(); })) {}

  void run() { captured_(); }
  void wait() const { wait_for_device(); }
  double loss() const { return captured_.result().item(); }
  std::vector<Tensor> parameters() const { return eager_.parameters(); }
  /// The commands of a replay; on a GPU each is one launch.
  std::int64_t command_count() const { return captured_.command_count(); }

 private:
  EagerStep eager_;
  kindling::CapturedStep<Tensor> captured_;
};

}  // namespace kindling::bench
