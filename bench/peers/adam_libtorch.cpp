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

torch::Tensor tensor_of(const std::vector<float>& values) {
  torch::Tensor tensor = torch::empty({static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
  return tensor;
}

void run(const AdamWork& work, const Options& options) {
  torch::Tensor parameters = tensor_of(adam_parameters(work));
  parameters.set_requires_grad(true);
  parameters.mutable_grad() = tensor_of(adam_gradients(work));
  torch::optim::Adam optimizer({parameters}, torch::optim::AdamOptions(kAdamLearningRate));
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
