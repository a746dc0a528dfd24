// SPDX-License-Identifier: MIT
#include "bench/baseline/fixed_network.h"
#include "bench/baseline/fixed_regression.h"
#include "bench/baseline/flush_subnormals.h"
#include "bench/step_program.h"

int main(int argc, char** argv) {
  using namespace kindling::bench;
  const Options options = parse_command_line(argc, argv);
  flush_subnormals();
  for (const Work& work : works()) {
    if (!options.selects(work.name)) continue;
    if (work.name == "A") run_work<FixedRegression>("hand_fixed", work, options);
    if (work.name == "B") run_work<FixedNetwork>("hand_fixed", work, options);
  }
}
