// SPDX-License-Identifier: MIT
// What only a GPU can show: how fast the library is there beside copies and bare products, what its
// cuBLASLt accepts, and whether results have the same bits in every run. In the emulator, which has
// no times worth reading, it rehearses: everything is run, in small sizes, and checked.
#include "bench/device.h"
#include "bench/gpu/checks.h"
#include "bench/gpu/probes.h"
#include "bench/gpu/table.h"
#include "bench/timing.h"
#include "tests/cuda/emulator.h"

#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

namespace kindling::bench {
namespace {

void print_machine(kernels::cuda::Context& context, const BareCublasLt& lt) {
  const cudaDeviceProp& gpu = context.properties();
  int driver = 0;
  int runtime = 0;
  (void)cudaDriverGetVersion(&driver);
  (void)cudaRuntimeGetVersion(&runtime);
  std::printf(
      "%s, compute capability %d.%d, %d multiprocessors, L2 cache %d MiB, memory %zu MiB\n"
      "CUDA %d, driver for CUDA %d, cuBLASLt %zu, Kindling %s\n",
      gpu.name, gpu.major, gpu.minor, gpu.multiProcessorCount, gpu.l2CacheSize >> 20,
      gpu.totalGlobalMem >> 20, runtime, driver, lt.is_there() ? lt.functions().version() : 0,
      version());
}

std::vector<Row> rows_of(bool small, const char* part) {
  std::vector<Row> rows;
  for (auto* const make : {&op_rows, &update_rows, &product_rows, &step_rows})
    for (Row& row : make(small))
      if (row.name.find(part) != std::string::npos) rows.push_back(std::move(row));
  return rows;
}

// The number of checks that failed. `part`: of the names of the rows to print.
int report(const char* part) {
  const double start = seconds_now();
  const bool rehearsal = test::emulator::is_here();
  auto& context = static_cast<kernels::cuda::Context&>(*kernels::cuda::backend(0));
  const Stopwatch stopwatch(context, rehearsal);
  const BareCublasLt lt(context);
  print_machine(context, lt);
  if (rehearsal)
    std::printf(
        "This is the emulator: a rehearsal in small sizes, without times, which mean nothing\n");
  std::printf(
      "\nCold: the L2 cache is overwritten before; hot: back to back. The rate is that of the\n"
      "cold time for GB/s, of the hot one for TFLOP/s. The yardstick is a copy of as many bytes\n"
      "or the same products by bare cuBLASLt, and its time divided by ours is given: above 1\n"
      "we are faster. Rows of ops are timed as graphs, steps as the host queues them.\n");
  int failed = print_table(rows_of(rehearsal, part), context, Yardsticks(lt, stopwatch), stopwatch);
  const auto add_section = [&failed](const auto& print) {
    try {
      failed += print();
    } catch (const Error& error) {
      std::printf("%s\n", error.what());
      ++failed;
    }
  };
  if (lt.is_there()) {
    add_section([&] { return print_epilogues(lt); });
    add_section([&] { return print_cross_over(lt, stopwatch); });
  } else {
    std::printf("\nNo cuBLASLt on this machine: all products are our own kernels'\n");
  }
  add_section([&] { return print_bit_checks(rehearsal); });
  std::printf("\n%d checks failed", failed);
  if (!rehearsal) std::printf("; the report took %.0f s", seconds_now() - start);
  std::printf("\n");
  return failed;
}

}  // namespace
}  // namespace kindling::bench

int main(int argc, char** argv) {
  if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
    std::fprintf(stderr, "usage: %s [PART OF THE ROWS' NAMES]\n", argv[0]);
    return 2;
  }
  kindling::bench::use_gpu(argv[0]);
  try {
    return kindling::bench::report(argc == 2 ? argv[1] : "") == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
}
