// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <vector>

/// What the programs of the corpus share. A program holds several cases, chosen by its argument; a
/// comment line of the form
///     // case NAME: KIND in KERNEL        or        // case NAME: clean
/// says what ptxrun must report of it. The line the report must name ends in `// <- NAME`.

/// Ends the program if a value is wrong.
inline void require(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "wrong: %s\n", what);
  std::exit(1);
}

/// Ends the program if a call fails.
inline void check(cudaError_t error) { require(error == cudaSuccess, cudaGetErrorString(error)); }

/// Waits for the device and looks at its error, which a planted bug may have caused.
inline cudaError_t wait() {
  const cudaError_t error = cudaDeviceSynchronize();
  cudaGetLastError();
  return error;
}

/// Device memory for `count` values; zeros, or `values`.
template <class T>
T* device(std::size_t count) {
  T* memory = nullptr;
  check(cudaMalloc(&memory, count * sizeof(T)));
  check(cudaMemset(memory, 0, count * sizeof(T)));
  return memory;
}
template <class T>
T* device(const std::vector<T>& values) {
  T* memory = nullptr;
  check(cudaMalloc(&memory, values.size() * sizeof(T)));
  check(cudaMemcpy(memory, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  return memory;
}

/// The values behind a device pointer, which is then freed.
template <class T>
std::vector<T> take(T* memory, std::size_t count) {
  std::vector<T> values(count);
  check(cudaMemcpy(values.data(), memory, count * sizeof(T), cudaMemcpyDeviceToHost));
  check(cudaFree(memory));
  return values;
}

/// Runs one block on an array of 0, 1, 2, ... that is twice as long, whatever a planted bug does.
template <class Kernel, class... Arguments>
void launch_block(Kernel kernel, unsigned threads, Arguments... arguments) {
  std::vector<int> values(2 * std::size_t{threads});
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i);
  int* data = device(values);
  kernel<<<1, threads>>>(data, arguments...);
  wait();
  cudaFree(data);
  cudaGetLastError();
}

/// A counter of the emulator that runs this program.
inline std::uint64_t counter(const char* name) {
  using Function = std::uint64_t (*)(const char*);
  static const auto function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, "ptxrun_counter"));
  require(function != nullptr, "the counters are found in the process");
  return function(name);
}

struct Case {
  const char* name;
  void (*run)();
};

/// Runs the case that the argument names.
inline int run_case(int count, char** arguments, std::initializer_list<Case> cases) {
  for (const Case& one : cases) {
    if (count == 2 && std::strcmp(arguments[1], one.name) == 0) {
      one.run();
      return 0;
    }
  }
  std::fprintf(stderr, "wrong: no case of that name\n");
  return 2;
}
