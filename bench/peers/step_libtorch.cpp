// SPDX-License-Identifier: MIT
// The training step in libtorch, as its users write it.
#include "bench/baseline/flush_subnormals.h"
#include "bench/step_program.h"
#include "bench/works.h"

#include <ATen/Context.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace kindling::bench {
namespace {

torch::Tensor tensor_of(const std::vector<float>& values, torch::IntArrayRef shape) {
  torch::Tensor tensor = torch::empty(shape);
  std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
  return tensor;
}

class LibtorchStep {
 public:
  explicit LibtorchStep(const Work& work) : learning_rate_(work.learning_rate) {
    const WorkData data(work);
    inputs_ = tensor_of(data.inputs, {work.batch, work.widths.front()});
    targets_ = tensor_of(data.targets, {work.batch, work.widths.back()});
    for (std::size_t l = 0; l < work.layers(); ++l) {
      const std::int64_t in = work.widths[l];
      const std::int64_t out = work.widths[l + 1];
      torch::nn::Linear linear(in, out);
      linear->weight.set_data(tensor_of(data.layers[l].weight, {out, in}));
      linear->bias.set_data(tensor_of(data.layers[l].bias, {out}));
      network_->push_back(linear);
      if (l + 1 < work.layers()) network_->push_back(torch::nn::ReLU());
    }
    const double first_rate = learning_rate_ * warm_up_factor(0);
    if (work.update == Update::adam) {
      const auto options =
          torch::optim::AdamOptions(first_rate).betas({kBeta1, kBeta2}).eps(kEpsilon);
      optimizer_ = std::make_unique<torch::optim::Adam>(network_->parameters(), options);
    } else {
      optimizer_ = std::make_unique<torch::optim::SGD>(network_->parameters(),
                                                       torch::optim::SGDOptions(first_rate));
    }
  }

  void run() {
    optimizer_->zero_grad();
    loss_ = torch::mse_loss(network_->forward(inputs_), targets_);
    loss_.backward();
    optimizer_->step();
    ++updates_;
    for (auto& group : optimizer_->param_groups()) {
      group.options().set_lr(learning_rate_ * warm_up_factor(updates_));
    }
  }

  double loss() const { return loss_.item<double>(); }

 private:
  torch::nn::Sequential network_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  torch::Tensor inputs_;
  torch::Tensor targets_;
  torch::Tensor loss_;
  double learning_rate_;
  std::int64_t updates_ = 0;
};

}  // namespace
}  // namespace kindling::bench

int main(int argc, char** argv) {
  using namespace kindling::bench;
  const Options options = parse_command_line(argc, argv);
  flush_subnormals();
  at::globalContext().setFlushDenormal(true);
  torch::set_num_threads(options.threads);
  run_works<LibtorchStep>("libtorch", options);
}
