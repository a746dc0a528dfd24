// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/runtime/kernel_launch.h"
#include "tests/emulator/runtime/transfers.h"
#include "tests/emulator/streams/graph_memory.h"

namespace emulator {

/// The work of a node, or why its parameters are refused.
struct MadeWork {
  cudaError_t error = cudaSuccess;
  Work work = {};
};

MadeWork kernel_node(const cudaKernelNodeParams& parameters);
MadeWork copy_node(const cudaMemcpy3DParms& parameters);
MadeWork copy_node(const Transfer& transfer);
MadeWork fill_node(const cudaMemsetParams& parameters);
MadeWork host_node(const cudaHostNodeParams& parameters);
MadeWork child_node(cudaGraph_t graph);
MadeWork event_node(cudaEvent_t event, cudaGraphNodeType kind);
MadeWork empty_node();
MadeWork allocation_node(cudaMemAllocNodeParams& parameters);
MadeWork release_node(void* pointer);
/// Any of them, for cudaGraphAddNode and its like.
MadeWork make_node(cudaGraphNodeParams& parameters);

}  // namespace emulator
