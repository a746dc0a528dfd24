// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/context.h>
#include <kindling/kernels/cuda/kernels.h>
#include <kindling/kernels/kernel_table.h>

namespace kindling::kernels::cuda {
namespace {

template <class Command>
struct Call {
  static void run(Backend& backend, const void* arguments) {
    cuda::run(static_cast<Context&>(backend), *static_cast<const Command*>(arguments));
  }
};

constexpr KernelTable kTable = kernels::kernel_table<Call>(AllCommands());

}  // namespace

const KernelTable& kernel_table() { return kTable; }

}  // namespace kindling::kernels::cuda
