// SPDX-License-Identifier: MIT
// The main function of the Google Benchmark programs: their options, and --device.
#include "bench/device.h"

#include <benchmark/benchmark.h>

int main(int argc, char** argv) {
  kindling::bench::take_device(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
