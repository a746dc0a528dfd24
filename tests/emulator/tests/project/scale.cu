// SPDX-License-Identifier: MIT
// A test as a project has them: it asserts on values, and on what the device did for them.
#include <cuda_runtime.h>
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

namespace {

constexpr int kCount = 100;

__global__ void scale(float* x, float factor) {
  if (threadIdx.x < kCount) x[threadIdx.x] *= factor;
}

/// Whether a counter of the emulator has that value; on a GPU there are none to ask.
bool counts(const char* name, std::uint64_t expected) {
  void* const found = dlsym(RTLD_DEFAULT, "ptxrun_counter");
  if (!found) return false;
  std::uint64_t (*counter)(const char*);
  std::memcpy(&counter, &found, sizeof counter);
  return counter(name) == expected;
}

}  // namespace

int main() {
  float values[kCount];
  for (int i = 0; i < kCount; ++i) values[i] = static_cast<float>(i);
  float* x = nullptr;
  bool right = cudaMalloc(&x, sizeof values) == cudaSuccess;
  right &= cudaMemcpy(x, values, sizeof values, cudaMemcpyHostToDevice) == cudaSuccess;
  scale<<<1, 128>>>(x, 2.0F);
  right &= cudaGetLastError() == cudaSuccess;
  right &= cudaMemcpy(values, x, sizeof values, cudaMemcpyDeviceToHost) == cudaSuccess;
  right &= cudaFree(x) == cudaSuccess;
  for (int i = 0; i < kCount; ++i) right &= values[i] == 2.0F * static_cast<float>(i);
  right &= counts("launches", 1) && counts("bytes_written", sizeof values);
  std::puts(right ? "right" : "wrong");
  return right ? 0 : 1;
}
