// SPDX-License-Identifier: MIT
// Nodes of graphs: adding them by hand, and the parameters of kernel nodes.
#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/runtime/kernel_launch.h"
#include "tests/emulator/runtime/transfers.h"
#include "tests/emulator/streams/graph_memory.h"

#include <map>
#include <optional>

using namespace emulator;

namespace {

// `make` fills in the node's work.
template <class Make>
cudaError_t add(const char* call, cudaGraphNode_t* out, cudaGraph_t handle,
                const cudaGraphNode_t* dependencies, std::size_t count, Make make) {
  return about<Graph>(call, handle, [&](Graph& graph) {
    if (!out) return cudaErrorInvalidValue;
    std::vector<Node*> before;
    for (std::size_t i = 0; i < count; ++i) {
      before.push_back(registry<Node>().find(dependencies[i]));
      if (!before.back() || before.back()->graph != &graph) return cudaErrorInvalidValue;
    }
    Work work;
    if (const cudaError_t error = result_of(make, work)) return error;
    *out = reinterpret_cast<cudaGraphNode_t>(add_node(graph, std::move(work), std::move(before)));
    return cudaSuccess;
  });
}

cudaError_t make_kernel_node(const cudaKernelNodeParams& p, Work& work) {
  if (p.extra) return cudaErrorNotSupported;
  return make_kernel_work(find_kernel(p.func), p.gridDim, p.blockDim, p.sharedMemBytes, false,
                          p.kernelParams, work);
}

dim3 to_dim3(const Extent& extent) { return {extent.x, extent.y, extent.z}; }

// The launch of a kernel node, or nullptr.
const KernelLaunch* launch_of(const Node& node) {
  const auto* const found = std::any_cast<KernelLaunchPtr>(&node.work.details);
  return found ? found->get() : nullptr;
}

}  // namespace

extern "C" {

cudaError_t cudaGraphAddKernelNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                   const cudaGraphNode_t* dependencies, std::size_t count,
                                   const cudaKernelNodeParams* parameters) {
  return add("cudaGraphAddKernelNode", node, graph, dependencies, count,
             [&](Work& work) { return make_kernel_node(*parameters, work); });
}

cudaError_t cudaGraphAddMemcpyNode1D(cudaGraphNode_t* node, cudaGraph_t graph,
                                     const cudaGraphNode_t* dependencies, std::size_t count,
                                     void* to, const void* from, std::size_t bytes,
                                     cudaMemcpyKind kind) {
  return add("cudaGraphAddMemcpyNode1D", node, graph, dependencies, count, [&](Work& work) {
    return make_copy_work(linear(to, from, bytes, kind), "a memcpy node", work);
  });
}

cudaError_t cudaGraphAddMemsetNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                   const cudaGraphNode_t* dependencies, std::size_t count,
                                   const cudaMemsetParams* p) {
  return add("cudaGraphAddMemsetNode", node, graph, dependencies, count, [&](Work& work) {
    const Rows to{static_cast<std::byte*>(p->dst), p->pitch};
    const Box box{p->width * p->elementSize, p->height};
    return make_fill_work({to, box, p->value, p->elementSize}, "a memset node", work);
  });
}

cudaError_t cudaGraphAddMemcpyNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                   const cudaGraphNode_t* dependencies, std::size_t count,
                                   const cudaMemcpy3DParms* parameters) {
  return add("cudaGraphAddMemcpyNode", node, graph, dependencies, count, [&](Work& work) {
    const std::optional<Copy> copy = copy_of(*parameters);
    return copy ? make_copy_work(*copy, "a memcpy node", work) : cudaErrorNotSupported;
  });
}

cudaError_t cudaGraphAddHostNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                 const cudaGraphNode_t* dependencies, std::size_t count,
                                 const cudaHostNodeParams* parameters) {
  return add("cudaGraphAddHostNode", node, graph, dependencies, count, [&](Work& work) {
    if (!parameters->fn) return cudaErrorInvalidValue;
    const auto run = [host = *parameters] {
      host.fn(host.userData);
      return cudaSuccess;
    };
    work = {run, "a host node", cudaGraphNodeTypeHost};
    return cudaSuccess;
  });
}

// The node has a copy of the graph, which may end or change afterwards.
cudaError_t cudaGraphAddChildGraphNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                       const cudaGraphNode_t* dependencies, std::size_t count,
                                       cudaGraph_t child_handle) {
  return add("cudaGraphAddChildGraphNode", node, graph, dependencies, count, [&](Work& work) {
    const Graph* const child = registry<Graph>().find(child_handle);
    Graph* const copy = child ? clone(*child) : nullptr;
    if (!copy) return cudaErrorInvalidValue;
    work = {nullptr, "a child graph", cudaGraphNodeTypeGraph, copy};
    return cudaSuccess;
  });
}

cudaError_t cudaGraphAddEmptyNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                  const cudaGraphNode_t* dependencies, std::size_t count) {
  return add("cudaGraphAddEmptyNode", node, graph, dependencies, count, [](Work& work) {
    work = {nullptr, "an empty node", cudaGraphNodeTypeEmpty};
  });
}

cudaError_t cudaGraphAddMemAllocNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                     const cudaGraphNode_t* dependencies, std::size_t count,
                                     cudaMemAllocNodeParams* parameters) {
  return add("cudaGraphAddMemAllocNode", node, graph, dependencies, count, [&](Work& work) {
    if (parameters->bytesize == 0) return cudaErrorInvalidValue;
    std::uint64_t address = 0;
    work = allocate_in_graph(parameters->bytesize, call_site("cudaGraphAddMemAllocNode"), address);
    parameters->dptr = reinterpret_cast<void*>(address);
    return address == 0 ? cudaErrorMemoryAllocation : cudaSuccess;
  });
}

cudaError_t cudaGraphAddMemFreeNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                    const cudaGraphNode_t* dependencies, std::size_t count,
                                    void* pointer) {
  return add("cudaGraphAddMemFreeNode", node, graph, dependencies, count, [&](Work& work) {
    const GraphMemoryPtr memory = find_graph_memory(reinterpret_cast<std::uint64_t>(pointer));
    if (!memory) return cudaErrorInvalidValue;
    work = release_in_graph(memory);
    return cudaSuccess;
  });
}

// The argument pointers stay valid until the node changes.
cudaError_t cudaGraphKernelNodeGetParams(cudaGraphNode_t handle, cudaKernelNodeParams* parameters) {
  return about<Node>("cudaGraphKernelNodeGetParams", handle, [&](const Node& node) {
    const KernelLaunch* const launch = launch_of(node);
    if (!launch) return cudaErrorInvalidValue;
    static auto* const pointers = new std::map<const Node*, std::vector<void*>>;
    std::vector<void*>& arguments = (*pointers)[&node];
    arguments = launch->pointers();
    *parameters = {};
    parameters->func = const_cast<void*>(launch->kernel->host);
    parameters->gridDim = to_dim3(launch->request.grid);
    parameters->blockDim = to_dim3(launch->request.block);
    parameters->sharedMemBytes = static_cast<unsigned>(launch->request.dynamic_shared);
    parameters->kernelParams = arguments.data();
    return cudaSuccess;
  });
}

cudaError_t cudaGraphKernelNodeSetParams(cudaGraphNode_t handle,
                                         const cudaKernelNodeParams* parameters) {
  return about<Node>("cudaGraphKernelNodeSetParams", handle, [&](Node& node) {
    return launch_of(node) ? make_kernel_node(*parameters, node.work) : cudaErrorInvalidValue;
  });
}

// Of an instantiated graph: the node is one of the graph it was made from.
cudaError_t cudaGraphExecKernelNodeSetParams(cudaGraphExec_t handle, cudaGraphNode_t node_handle,
                                             const cudaKernelNodeParams* parameters) {
  return about<GraphExec>("cudaGraphExecKernelNodeSetParams", handle, [&](GraphExec& exec) {
    const Node* const node = registry<Node>().find(node_handle);
    GraphExec::Step* const step = node && launch_of(*node) ? exec.find(node) : nullptr;
    return step ? make_kernel_node(*parameters, step->work) : cudaErrorInvalidValue;
  });
}

}  // extern "C"
