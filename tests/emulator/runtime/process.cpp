// SPDX-License-Identifier: MIT
// The start and the end of a program under the emulator.
#include "tests/emulator/blas/matmul.h"
#include "tests/emulator/memory/memory.h"
#include "tests/emulator/report/report.h"
#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/streams/graph_memory.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace emulator {
namespace {

pid_t program = 0;

void report_leaks() {
  // After a fault a program cannot free anything.
  if (sticky_error() != cudaSuccess) return;
  for (const auto& [address, allocation] : Memory::instance().allocations()) {
    const bool counts = !allocation.is_variable() && allocation.kind != MemoryKind::registered;
    if (allocation.freed || !counts || is_unmapped_graph_memory(address)) continue;
    report(Check::leak, text("allocation #", allocation.number, " of ", allocation.bytes,
                             " bytes was never freed: ", with_source_lines(allocation.origin)));
  }
}

// Runs after the destructors of the program and of its libraries, because it was registered before
// them.
void at_exit(int status, void*) {
  // A child that was forked has its parent's allocations and reports, which are not its doing.
  if (getpid() != program) return;
  if (device_lock().try_lock()) {  // else a thread of the program is still inside a call
    finish_all();
    report_unchecked_errors();
    report_leaks();
    report_unused_failures();
    report_unknown_epilogues();
    device_lock().unlock();
  }
  std::fflush(nullptr);
  const int result = finish(status);
  if (result != status) _exit(result);
}

[[gnu::constructor]] void start() {
  program = getpid();
  on_exit(at_exit, nullptr);
  install_fault_handler();
}

}  // namespace
}  // namespace emulator
