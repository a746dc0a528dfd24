// SPDX-License-Identifier: MIT
// Calls a function of the runtime that the emulator does not have.
#include "tests/emulator/tests/case.h"

int main() {
  cudaGraph_t graph;
  cudaGraphNode_t node;
  cudaEvent_t event;
  check(cudaGraphCreate(&graph, 0));
  check(cudaEventCreate(&event));
  check(cudaGraphAddEventRecordNode(&node, graph, nullptr, 0, event));
}
