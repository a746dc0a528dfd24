// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/backend.h>

namespace kindling::kernels {

/// The table of the kernels Call<Command>::run for all commands.
template <template <class Command> class Call, class... Commands>
constexpr KernelTable kernel_table(CommandList<Commands...>) {
  return {{Call<Commands>::run...}};
}

}  // namespace kindling::kernels
