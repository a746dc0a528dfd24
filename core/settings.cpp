// SPDX-License-Identifier: MIT
#include <kindling/core/cuda.h>
#include <kindling/core/error.h>
#include <kindling/core/settings.h>
#include <kindling/core/version.h>
#include <kindling/kernels/cpu/flush.h>
#include <kindling/kernels/cpu/instruction_set.h>
#include <kindling/kernels/cpu/threads.h>

namespace kindling {

const char* version() noexcept { return KINDLING_VERSION; }

void set_num_threads(int count) { kernels::cpu::set_num_threads(count); }
int get_num_threads() { return kernels::cpu::get_num_threads(); }
void set_flush_denormal(bool flush) noexcept { kernels::cpu::set_flush_denormal(flush); }

namespace {

#ifdef __clang__
constexpr const char* kCompiler = __VERSION__;  // "Clang 14.0.6"
#else
constexpr const char* kCompiler = "GCC " __VERSION__;
#endif

}  // namespace

std::string build_info() {
  return message("version: ", version(), "\ncompiler: ", kCompiler,
                 "\ninstruction set: ", kernels::cpu::instruction_set(),
                 "\nthreads: ", get_num_threads(),
                 "\ndevice: ", cuda::is_available() ? "cuda, " + cuda::device_name() : "cpu", "\n");
}

}  // namespace kindling
