// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "bench/adam_program.h"
#include "bench/device.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kindling::bench {
namespace {

void run(const AdamWork& work, const Options& options) {
  const std::vector<float> values = adam_parameters(work), gradients = adam_gradients(work);
  const auto part = [&](const std::vector<float>& all, std::int64_t tensor) {
    return std::span(all).subspan(static_cast<std::size_t>(tensor * work.tensor_size()),
                                  static_cast<std::size_t>(work.tensor_size()));
  };
  std::vector<Tensor> parameters;
  for (std::int64_t t = 0; t < work.tensors; ++t)
    parameters.push_back(from_data(part(values, t), {work.tensor_size()}, {.requires_grad = true}));
  optim::Adam optimizer(parameters, {.lr = kAdamLearningRate});
  // The gradient of the sum of parameter * gradient.
  for (std::int64_t t = 0; t < work.tensors; ++t)
    (parameters[static_cast<std::size_t>(t)] * from_data(part(gradients, t), {work.tensor_size()}))
        .sum()
        .backward();
  run_adam_work(
      "kindling", work, options, [&] { optimizer.step(); }, wait_for_device);
}

}  // namespace
}  // namespace kindling::bench

int main(int argc, char** argv) {
  using namespace kindling::bench;
  take_device(argc, argv);
  const Options options = parse_command_line(argc, argv);
  kindling::set_num_threads(options.threads);
  for (const AdamWork& work : adam_works()) {
    if (options.selects(work.name)) run(work, options);
  }
}
