// SPDX-License-Identifier: MIT
#include "bench/device.h"
#include "bench/kindling_step.h"
#include "bench/step_program.h"

int main(int argc, char** argv) {
  using namespace kindling::bench;
  take_device(argc, argv);
  const Options options = parse_command_line(argc, argv);
  kindling::set_num_threads(options.threads);
  run_works<CapturedStep>("kindling", options);
  run_works<EagerStep>("kindling_eager", options);
}
