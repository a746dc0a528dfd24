// SPDX-License-Identifier: MIT
// The device that a benchmark measures: --device cpu (the default) or --device cuda.
#pragma once

#include <kindling/kindling.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace kindling::bench {

/// The exit status of a program that needs a GPU and finds none.
constexpr int kNoGpu = 77;

/// Makes the GPU the device on which tensors are made, or ends the program.
inline void use_gpu(const char* program) {
  try {
    set_default_device(Device::cuda());
  } catch (const DeviceError& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    std::exit(kNoGpu);
  }
}

/// Takes "--device NAME" out of the command line, wherever it stands.
inline void take_device(int& argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) != "--device") continue;
    const std::string_view name = i + 1 < argc ? argv[i + 1] : "";
    if (name == "cuda") {
      use_gpu(argv[0]);
    } else if (name != "cpu") {
      std::fprintf(stderr, "%s: --device: must be cpu or cuda\n", argv[0]);
      std::exit(2);
    }
    argc -= 2;
    for (int k = i; k <= argc; ++k) argv[k] = argv[k + 2];  // with the nullptr at the end
    return;
  }
}

/// Waits for what the device has only queued.
inline void wait_for_device() {
  if (default_device().is_cuda()) cuda::synchronize();
}

}  // namespace kindling::bench
