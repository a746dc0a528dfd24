// SPDX-License-Identifier: MIT
#include "bench/gpu/recorded_work.h"

#include <kindling/kernels/cuda/check.h>

#include <algorithm>
#include <memory>
#include <type_traits>
#include <vector>

namespace kindling::bench {

using kernels::cuda::check;

namespace {

using Graph = std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, decltype(&cudaGraphDestroy)>;

Graph record(const Queue& work, int repetitions) {
  kernels::cuda::GraphRecording recording;
  for (int i = 0; i < repetitions; ++i) work();
  return {recording.finish(), &cudaGraphDestroy};
}

// The kernels of cuBLASLt are not of this program's runtime, which knows nothing of them.
void add_kernel(cudaGraphNode_t node, Launches& launches) {
  cudaKernelNodeParams launch = {};
  cudaFuncAttributes kernel = {};
  if (cudaGraphKernelNodeGetParams(node, &launch) != cudaSuccess ||
      cudaFuncGetAttributes(&kernel, launch.func) != cudaSuccess) {
    (void)cudaGetLastError();
    return;
  }
  launches.registers = std::max(launches.registers, kernel.numRegs);
  launches.local_bytes = std::max(launches.local_bytes, kernel.localSizeBytes);
}

Launches contents_of(const Graph& graph) {
  Launches launches;
  check(cudaGraphGetNodes(graph.get(), nullptr, &launches.count), "cudaGraphGetNodes");
  std::vector<cudaGraphNode_t> nodes(launches.count);
  if (nodes.empty()) return launches;
  check(cudaGraphGetNodes(graph.get(), nodes.data(), &launches.count), "cudaGraphGetNodes");
  for (cudaGraphNode_t node : nodes) {
    cudaGraphNodeType type = cudaGraphNodeTypeEmpty;
    check(cudaGraphNodeGetType(node, &type), "cudaGraphNodeGetType");
    if (type == cudaGraphNodeTypeKernel) add_kernel(node, launches);
  }
  return launches;
}

}  // namespace

RecordedWork::RecordedWork(kernels::cuda::Context& context, const Queue& work, int repetitions)
    : context_(context) {
  const Graph graph = record(work, repetitions);
  launches_ = contents_of(graph);
  check(cudaGraphInstantiate(&executable_, graph.get(), 0), "cudaGraphInstantiate");
}

RecordedWork::~RecordedWork() { (void)cudaGraphExecDestroy(executable_); }

void RecordedWork::launch() const {
  check(cudaGraphLaunch(executable_, context_.device_stream()), "cudaGraphLaunch");
}

Launches launches_of(const Queue& work) { return contents_of(record(work, 1)); }

}  // namespace kindling::bench
