// SPDX-License-Identifier: MIT
#include "tests/emulator/runtime/node_parameters.h"

#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/streams/event.h"

namespace emulator {

MadeWork kernel_node(const cudaKernelNodeParams& p) {
  if (p.extra) return {cudaErrorNotSupported};
  MadeWork made;
  KernelLaunch launch{find_kernel(p.func), p.gridDim, p.blockDim, p.sharedMemBytes, false, {}};
  made.error = make_kernel_work(std::move(launch), p.kernelParams, made.work);
  return made;
}

MadeWork copy_node(const cudaMemcpy3DParms& parameters) {
  Transfer transfer;
  if (!to_transfer(parameters, transfer)) return {cudaErrorNotSupported};
  return copy_node(transfer);
}

MadeWork copy_node(const Transfer& transfer) {
  MadeWork made;
  made.error = make_copy_work(transfer, "a memcpy node", made.work);
  return made;
}

MadeWork fill_node(const cudaMemsetParams& p) {
  MadeWork made;
  const Fill fill{p.dst, p.pitch, p.value, p.elementSize, p.width, p.height};
  made.error = make_fill_work(fill, "a memset node", made.work);
  return made;
}

MadeWork host_node(const cudaHostNodeParams& parameters) {
  if (!parameters.fn) return {cudaErrorInvalidValue};
  const auto run = [parameters] {
    parameters.fn(parameters.userData);
    return cudaSuccess;
  };
  return {cudaSuccess, {run, "a host node", cudaGraphNodeTypeHost, parameters}};
}

MadeWork child_node(cudaGraph_t handle) {
  const Graph* const graph = graphs().find(handle);
  if (!graph) return {cudaErrorInvalidValue};
  return {cudaSuccess, {nullptr, "a child graph", cudaGraphNodeTypeGraph, own_clone(*graph)}};
}

MadeWork event_node(cudaEvent_t handle, cudaGraphNodeType kind) {
  Event* const event = events().find(handle);
  if (!event) return {cudaErrorInvalidResourceHandle};
  return {cudaSuccess, {nullptr, "an event node", kind, event}};
}

MadeWork empty_node() { return {cudaSuccess, {nullptr, "an empty node", cudaGraphNodeTypeEmpty}}; }

MadeWork allocation_node(cudaMemAllocNodeParams& parameters) {
  if (parameters.bytesize == 0) return {cudaErrorInvalidValue};
  std::uint64_t address = 0;
  Work work = allocate_in_graph(parameters, call_site("a memory-allocation node"), address);
  if (address == 0) return {cudaErrorMemoryAllocation};
  parameters.dptr = reinterpret_cast<void*>(address);
  return {cudaSuccess, std::move(work)};
}

MadeWork release_node(void* pointer) {
  const GraphMemoryPtr memory = find_graph_memory(reinterpret_cast<std::uint64_t>(pointer));
  if (!memory) return {cudaErrorInvalidValue};
  return {cudaSuccess, release_in_graph(memory)};
}

MadeWork make_node(cudaGraphNodeParams& p) {
  switch (p.type) {
    case cudaGraphNodeTypeKernel:
      return kernel_node({p.kernel.func, p.kernel.gridDim, p.kernel.blockDim,
                          p.kernel.sharedMemBytes, p.kernel.kernelParams, p.kernel.extra});
    case cudaGraphNodeTypeMemcpy:
      return copy_node(p.memcpy.copyParams);
    case cudaGraphNodeTypeMemset:
      return fill_node({p.memset.dst, p.memset.pitch, p.memset.value, p.memset.elementSize,
                        p.memset.width, p.memset.height});
    case cudaGraphNodeTypeHost:
      return host_node({p.host.fn, p.host.userData});
    case cudaGraphNodeTypeGraph:
      return child_node(p.graph.graph);
    case cudaGraphNodeTypeEmpty:
      return empty_node();
    case cudaGraphNodeTypeWaitEvent:
      return event_node(p.eventWait.event, p.type);
    case cudaGraphNodeTypeEventRecord:
      return event_node(p.eventRecord.event, p.type);
    case cudaGraphNodeTypeMemAlloc: {
      cudaMemAllocNodeParams parameters = {};
      parameters.bytesize = p.alloc.bytesize;
      MadeWork made = allocation_node(parameters);
      p.alloc.dptr = parameters.dptr;
      return made;
    }
    case cudaGraphNodeTypeMemFree:
      return release_node(p.free.dptr);
    default:
      return {cudaErrorNotSupported};
  }
}

}  // namespace emulator
