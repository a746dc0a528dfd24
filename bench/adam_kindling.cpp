// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "bench/adam_program.h"
#include "bench/device.h"

namespace kindling::bench {
namespace {

void run(const AdamWork& work, const Options& options) {
  const Tensor parameters =
      from_data(adam_parameters(work), {work.parameters}, {.requires_grad = true});
  optim::Adam optimizer({parameters}, {.lr = kAdamLearningRate});
  // The gradient of the sum of parameters * gradients.
  (parameters * from_data(adam_gradients(work), {work.parameters})).sum().backward();
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
