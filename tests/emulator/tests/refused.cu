// SPDX-License-Identifier: MIT
// A right program; CMakeLists.txt builds it with flags under which ptxrun cannot run it.
#include "tests/emulator/tests/case.h"

__global__ void fill(int* to) {
  for (int i = 0; i < 100; ++i) to[(threadIdx.x + i) % 64] += i;
}

int main() {
  int* to = device<int>(64);
  fill<<<1, 1>>>(to);
  check(wait());
  check(cudaFree(to));
}
