// SPDX-License-Identifier: MIT
// Calls a function of the runtime that the emulator does not have.
#include "tests/emulator/tests/case.h"

int main() {
  cudaGraph_t graph, copy;
  check(cudaGraphCreate(&graph, 0));
  check(cudaGraphClone(&copy, graph));
}
