// SPDX-License-Identifier: MIT
// How many thread-instructions a second the emulator runs: an Adam step, a reduction of blocks and
// a tiled product. Run it as `ptxrun --checks none benchmark` and with `--checks all`.
#include "tests/emulator/tests/case.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace {

struct Adam {
  float* weight;
  const float* gradient;
  float* mean;
  float* square;
  int count;
};

__global__ void adam(Adam a) {
  for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < a.count;
       i += static_cast<int>(gridDim.x * blockDim.x)) {
    const float g = a.gradient[i];
    const float m = 0.9f * a.mean[i] + 0.1f * g;
    const float v = 0.999f * a.square[i] + 0.001f * g * g;
    a.mean[i] = m;
    a.square[i] = v;
    a.weight[i] -= 1e-3f * (m / 0.1f) / (sqrtf(v / 0.001f) + 1e-8f);
  }
}

__global__ void reduce(const float* from, float* to, int count) {
  __shared__ float sums[256];
  float sum = 0;
  for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < count;
       i += static_cast<int>(gridDim.x * blockDim.x)) {
    sum += from[i];
  }
  sums[threadIdx.x] = sum;
  __syncthreads();
  for (unsigned step = 128; step >= 32; step /= 2) {
    if (threadIdx.x < step) sums[threadIdx.x] += sums[threadIdx.x + step];
    __syncthreads();
  }
  if (threadIdx.x < 32) {
    float value = sums[threadIdx.x];
    for (int step = 16; step > 0; step /= 2) value += __shfl_down_sync(~0u, value, step);
    if (threadIdx.x == 0) to[blockIdx.x] = value;
  }
}

// c [n, n] = a [n, n] x b [n, n]
__global__ void product(const float* a, const float* b, float* c, int n) {
  __shared__ float tile_a[16][16], tile_b[16][16];
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  const int row = static_cast<int>(blockIdx.y) * 16 + y,
            column = static_cast<int>(blockIdx.x) * 16 + x;
  float sum = 0;
  for (int k = 0; k < n; k += 16) {
    tile_a[y][x] = a[row * n + k + x];
    tile_b[y][x] = b[(k + y) * n + column];
    __syncthreads();
    for (int i = 0; i < 16; ++i) sum += tile_a[y][i] * tile_b[i][x];
    __syncthreads();
  }
  c[row * n + column] = sum;
}

template <class Launch>
void measure(const char* name, Launch launch) {
  double best = 0;
  for (int times = 0; times < 3; ++times) {
    const std::uint64_t before = counter("thread_instructions");
    const auto begin = std::chrono::steady_clock::now();
    launch();
    check(wait());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    best = std::max(best,
                    static_cast<double>(counter("thread_instructions") - before) / seconds.count());
  }
  std::printf("%-10s %7.1f million thread-instructions a second\n", name, best / 1e6);
}

}  // namespace

int main() {
  constexpr int count = 1 << 20, n = 256;
  float* a = device(std::vector<float>(count, 0.5f));
  float* b = device(std::vector<float>(count, 0.25f));
  float* c = device<float>(count);
  float* d = device<float>(count);
  measure("adam", [=] { adam<<<256, 256>>>({a, b, c, d, count}); });
  measure("reduction", [=] { reduce<<<256, 256>>>(a, c, count); });
  measure("product", [=] { product<<<dim3(n / 16, n / 16), dim3(16, 16)>>>(a, b, c, n); });
  for (float* memory : {a, b, c, d}) check(cudaFree(memory));
}
