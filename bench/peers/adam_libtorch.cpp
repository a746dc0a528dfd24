// SPDX-License-Identifier: MIT
#include "bench/adam_program.h"
#include "bench/baseline/flush_subnormals.h"

#include <ATen/Context.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace kindling::bench {
namespace {

/// The values of one tensor of the work.
torch::Tensor tensor_of(const std::vector<float>& values, const AdamWork& work, std::int64_t t) {
  torch::Tensor tensor = torch::empty({work.tensor_size()});
  std::copy_n(values.begin() + t * work.tensor_size(), work.tensor_size(),
              tensor.data_ptr<float>());
  return tensor;
}

void run(const AdamWork& work, const Options& options) {
  const std::vector<float> values = adam_parameters(work), gradients = adam_gradients(work);
  std::vector<torch::Tensor> parameters;
  for (std::int64_t t = 0; t < work.tensors; ++t) {
    torch::Tensor parameter = tensor_of(values, work, t);
    parameter.set_requires_grad(true);
    parameter.mutable_grad() = tensor_of(gradients, work, t);
    parameters.push_back(parameter);
  }
  torch::optim::Adam optimizer(parameters, torch::optim::AdamOptions(kAdamLearningRate));
  run_adam_work("libtorch", work, options, [&] { optimizer.step(); });
}

}  // namespace
}  // namespace kindling::bench

int main(int argc, char** argv) {
  using namespace kindling::bench;
  const Options options = parse_command_line(argc, argv);
  flush_subnormals();
  at::globalContext().setFlushDenormal(true);
  torch::set_num_threads(options.threads);
  for (const AdamWork& work : adam_works()) {
    if (options.selects(work.name)) run(work, options);
  }
}
