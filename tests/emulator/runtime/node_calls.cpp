// SPDX-License-Identifier: MIT
// Nodes of graphs, by kind: adding them, their parameters, and those of instantiated graphs.
#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/runtime/node_parameters.h"
#include "tests/emulator/streams/event.h"

#include <cstring>

using namespace emulator;

namespace {

cudaError_t add(const char* call, cudaGraphNode_t* out, cudaGraph_t handle,
                const cudaGraphNode_t* dependencies, std::size_t count, auto make) {
  return query(call, [&]() -> cudaError_t {
    Graph* const graph = graphs().find(handle);
    if (!graph || !out) return cudaErrorInvalidValue;
    std::vector<Node*> before;
    for (std::size_t i = 0; i < count; ++i) {
      before.push_back(nodes().find(dependencies[i]));
      if (!before.back() || before.back()->graph != graph) return cudaErrorInvalidValue;
    }
    MadeWork made = make();
    if (made.error != cudaSuccess) return made.error;
    *out = reinterpret_cast<cudaGraphNode_t>(
        add_node(*graph, std::move(made.work), std::move(before)));
    return cudaSuccess;
  });
}

// The details of a node, if they are of that kind.
template <class Details>
cudaError_t get(const char* call, cudaGraphNode_t handle, auto give) {
  return query(call, [&]() -> cudaError_t {
    const Node* const node = nodes().find(handle);
    const auto* const details = node ? std::any_cast<Details>(&node->work.details) : nullptr;
    if (!details) return cudaErrorInvalidValue;
    give(*details);
    return cudaSuccess;
  });
}

cudaError_t set(const char* call, cudaGraphNode_t handle, auto make) {
  return query(call, [&]() -> cudaError_t {
    Node* const node = nodes().find(handle);
    if (!node) return cudaErrorInvalidValue;
    MadeWork made = make();
    if (made.error != cudaSuccess) return made.error;
    if (made.work.kind != node->type()) return cudaErrorInvalidValue;
    node->work = std::move(made.work);
    return cudaSuccess;
  });
}

// Of an instantiated graph: the node is one of the graph it was made from.
cudaError_t set_in_exec(const char* call, cudaGraphExec_t exec_handle, cudaGraphNode_t handle,
                        auto make) {
  return query(call, [&]() -> cudaError_t {
    GraphExec* const exec = graph_execs().find(exec_handle);
    const Node* const node = nodes().find(handle);
    if (!exec || !node || !exec->steps_of.contains(node)) return cudaErrorInvalidValue;
    MadeWork made = make();
    if (made.error != cudaSuccess) return made.error;
    if (made.work.kind != node->type() || node->type() == cudaGraphNodeTypeMemAlloc ||
        node->type() == cudaGraphNodeTypeMemFree) {
      return cudaErrorInvalidValue;
    }
    exec->steps[exec->steps_of.at(node).first].work = std::move(made.work);
    return cudaSuccess;
  });
}

using CopyDetails = std::shared_ptr<const Transfer>;
using KernelDetails = std::shared_ptr<const KernelLaunch>;

}  // namespace

extern "C" {

cudaError_t cudaGraphAddNode(cudaGraphNode_t* node, cudaGraph_t graph,
                             const cudaGraphNode_t* dependencies, const cudaGraphEdgeData*,
                             std::size_t count, cudaGraphNodeParams* parameters) {
  return add("cudaGraphAddNode", node, graph, dependencies, count,
             [&] { return make_node(*parameters); });
}
cudaError_t cudaGraphNodeSetParams(cudaGraphNode_t node, cudaGraphNodeParams* parameters) {
  return set("cudaGraphNodeSetParams", node, [&] { return make_node(*parameters); });
}
cudaError_t cudaGraphExecNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                       cudaGraphNodeParams* parameters) {
  return set_in_exec("cudaGraphExecNodeSetParams", exec, node,
                     [&] { return make_node(*parameters); });
}

cudaError_t cudaGraphAddKernelNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                   const cudaGraphNode_t* dependencies, std::size_t count,
                                   const cudaKernelNodeParams* parameters) {
  return add("cudaGraphAddKernelNode", node, graph, dependencies, count,
             [&] { return kernel_node(*parameters); });
}
// The argument pointers stay valid until the node changes.
cudaError_t cudaGraphKernelNodeGetParams(cudaGraphNode_t node, cudaKernelNodeParams* parameters) {
  return get<KernelDetails>("cudaGraphKernelNodeGetParams", node, [&](const KernelDetails& launch) {
    static auto* const pointers = new std::map<cudaGraphNode_t, std::vector<void*>>;
    std::vector<void*>& arguments = (*pointers)[node];
    arguments = launch->pointers();
    *parameters = {const_cast<void*>(launch->kernel->host),       launch->grid,     launch->block,
                   static_cast<unsigned>(launch->dynamic_shared), arguments.data(), nullptr};
  });
}
cudaError_t cudaGraphKernelNodeSetParams(cudaGraphNode_t node,
                                         const cudaKernelNodeParams* parameters) {
  return set("cudaGraphKernelNodeSetParams", node, [&] { return kernel_node(*parameters); });
}
cudaError_t cudaGraphExecKernelNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                             const cudaKernelNodeParams* parameters) {
  return set_in_exec("cudaGraphExecKernelNodeSetParams", exec, node,
                     [&] { return kernel_node(*parameters); });
}

cudaError_t cudaGraphAddMemcpyNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                   const cudaGraphNode_t* dependencies, std::size_t count,
                                   const cudaMemcpy3DParms* parameters) {
  return add("cudaGraphAddMemcpyNode", node, graph, dependencies, count,
             [&] { return copy_node(*parameters); });
}
cudaError_t cudaGraphAddMemcpyNode1D(cudaGraphNode_t* node, cudaGraph_t graph,
                                     const cudaGraphNode_t* dependencies, std::size_t count,
                                     void* to, const void* from, std::size_t bytes,
                                     cudaMemcpyKind kind) {
  return add("cudaGraphAddMemcpyNode1D", node, graph, dependencies, count,
             [&] { return copy_node(linear(to, from, bytes, kind)); });
}
cudaError_t cudaGraphMemcpyNodeGetParams(cudaGraphNode_t node, cudaMemcpy3DParms* parameters) {
  return get<CopyDetails>("cudaGraphMemcpyNodeGetParams", node,
                          [&](const CopyDetails& copy) { *parameters = to_parameters(*copy); });
}
cudaError_t cudaGraphMemcpyNodeSetParams(cudaGraphNode_t node,
                                         const cudaMemcpy3DParms* parameters) {
  return set("cudaGraphMemcpyNodeSetParams", node, [&] { return copy_node(*parameters); });
}
cudaError_t cudaGraphMemcpyNodeSetParams1D(cudaGraphNode_t node, void* to, const void* from,
                                           std::size_t bytes, cudaMemcpyKind kind) {
  return set("cudaGraphMemcpyNodeSetParams1D", node,
             [&] { return copy_node(linear(to, from, bytes, kind)); });
}
cudaError_t cudaGraphExecMemcpyNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                             const cudaMemcpy3DParms* parameters) {
  return set_in_exec("cudaGraphExecMemcpyNodeSetParams", exec, node,
                     [&] { return copy_node(*parameters); });
}
cudaError_t cudaGraphExecMemcpyNodeSetParams1D(cudaGraphExec_t exec, cudaGraphNode_t node, void* to,
                                               const void* from, std::size_t bytes,
                                               cudaMemcpyKind kind) {
  return set_in_exec("cudaGraphExecMemcpyNodeSetParams1D", exec, node,
                     [&] { return copy_node(linear(to, from, bytes, kind)); });
}

cudaError_t cudaGraphAddMemsetNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                   const cudaGraphNode_t* dependencies, std::size_t count,
                                   const cudaMemsetParams* parameters) {
  return add("cudaGraphAddMemsetNode", node, graph, dependencies, count,
             [&] { return fill_node(*parameters); });
}
cudaError_t cudaGraphMemsetNodeGetParams(cudaGraphNode_t node, cudaMemsetParams* parameters) {
  return get<Fill>("cudaGraphMemsetNodeGetParams", node, [&](const Fill& fill) {
    *parameters = {fill.to, fill.pitch, fill.value, fill.element, fill.width, fill.height};
  });
}
cudaError_t cudaGraphMemsetNodeSetParams(cudaGraphNode_t node, const cudaMemsetParams* parameters) {
  return set("cudaGraphMemsetNodeSetParams", node, [&] { return fill_node(*parameters); });
}
cudaError_t cudaGraphExecMemsetNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                             const cudaMemsetParams* parameters) {
  return set_in_exec("cudaGraphExecMemsetNodeSetParams", exec, node,
                     [&] { return fill_node(*parameters); });
}

cudaError_t cudaGraphAddHostNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                 const cudaGraphNode_t* dependencies, std::size_t count,
                                 const cudaHostNodeParams* parameters) {
  return add("cudaGraphAddHostNode", node, graph, dependencies, count,
             [&] { return host_node(*parameters); });
}
cudaError_t cudaGraphHostNodeGetParams(cudaGraphNode_t node, cudaHostNodeParams* parameters) {
  return get<cudaHostNodeParams>("cudaGraphHostNodeGetParams", node,
                                 [&](const cudaHostNodeParams& host) { *parameters = host; });
}
cudaError_t cudaGraphHostNodeSetParams(cudaGraphNode_t node, const cudaHostNodeParams* parameters) {
  return set("cudaGraphHostNodeSetParams", node, [&] { return host_node(*parameters); });
}
cudaError_t cudaGraphExecHostNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                           const cudaHostNodeParams* parameters) {
  return set_in_exec("cudaGraphExecHostNodeSetParams", exec, node,
                     [&] { return host_node(*parameters); });
}

cudaError_t cudaGraphAddChildGraphNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                       const cudaGraphNode_t* dependencies, std::size_t count,
                                       cudaGraph_t child) {
  return add("cudaGraphAddChildGraphNode", node, graph, dependencies, count,
             [&] { return child_node(child); });
}
cudaError_t cudaGraphChildGraphNodeGetGraph(cudaGraphNode_t node, cudaGraph_t* graph) {
  return get<ChildGraph>("cudaGraphChildGraphNodeGetGraph", node, [&](const ChildGraph& child) {
    *graph = reinterpret_cast<cudaGraph_t>(child.graph.get());
  });
}

cudaError_t cudaGraphAddEmptyNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                  const cudaGraphNode_t* dependencies, std::size_t count) {
  return add("cudaGraphAddEmptyNode", node, graph, dependencies, count, empty_node);
}

cudaError_t cudaGraphAddEventRecordNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                        const cudaGraphNode_t* dependencies, std::size_t count,
                                        cudaEvent_t event) {
  return add("cudaGraphAddEventRecordNode", node, graph, dependencies, count,
             [&] { return event_node(event, cudaGraphNodeTypeEventRecord); });
}
cudaError_t cudaGraphAddEventWaitNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                      const cudaGraphNode_t* dependencies, std::size_t count,
                                      cudaEvent_t event) {
  return add("cudaGraphAddEventWaitNode", node, graph, dependencies, count,
             [&] { return event_node(event, cudaGraphNodeTypeWaitEvent); });
}
cudaError_t cudaGraphEventRecordNodeGetEvent(cudaGraphNode_t node, cudaEvent_t* event) {
  return get<Event*>("cudaGraphEventRecordNodeGetEvent", node,
                     [&](Event* found) { *event = reinterpret_cast<cudaEvent_t>(found); });
}
cudaError_t cudaGraphEventWaitNodeGetEvent(cudaGraphNode_t node, cudaEvent_t* event) {
  return get<Event*>("cudaGraphEventWaitNodeGetEvent", node,
                     [&](Event* found) { *event = reinterpret_cast<cudaEvent_t>(found); });
}
cudaError_t cudaGraphEventRecordNodeSetEvent(cudaGraphNode_t node, cudaEvent_t event) {
  return set("cudaGraphEventRecordNodeSetEvent", node,
             [&] { return event_node(event, cudaGraphNodeTypeEventRecord); });
}
cudaError_t cudaGraphEventWaitNodeSetEvent(cudaGraphNode_t node, cudaEvent_t event) {
  return set("cudaGraphEventWaitNodeSetEvent", node,
             [&] { return event_node(event, cudaGraphNodeTypeWaitEvent); });
}
cudaError_t cudaGraphExecEventRecordNodeSetEvent(cudaGraphExec_t exec, cudaGraphNode_t node,
                                                 cudaEvent_t event) {
  return set_in_exec("cudaGraphExecEventRecordNodeSetEvent", exec, node,
                     [&] { return event_node(event, cudaGraphNodeTypeEventRecord); });
}
cudaError_t cudaGraphExecEventWaitNodeSetEvent(cudaGraphExec_t exec, cudaGraphNode_t node,
                                               cudaEvent_t event) {
  return set_in_exec("cudaGraphExecEventWaitNodeSetEvent", exec, node,
                     [&] { return event_node(event, cudaGraphNodeTypeWaitEvent); });
}

cudaError_t cudaGraphAddMemAllocNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                     const cudaGraphNode_t* dependencies, std::size_t count,
                                     cudaMemAllocNodeParams* parameters) {
  return add("cudaGraphAddMemAllocNode", node, graph, dependencies, count,
             [&] { return allocation_node(*parameters); });
}
cudaError_t cudaGraphMemAllocNodeGetParams(cudaGraphNode_t node,
                                           cudaMemAllocNodeParams* parameters) {
  return get<GraphAllocation>(
      "cudaGraphMemAllocNodeGetParams", node,
      [&](const GraphAllocation& allocation) { *parameters = allocation.parameters; });
}
cudaError_t cudaGraphAddMemFreeNode(cudaGraphNode_t* node, cudaGraph_t graph,
                                    const cudaGraphNode_t* dependencies, std::size_t count,
                                    void* pointer) {
  return add("cudaGraphAddMemFreeNode", node, graph, dependencies, count,
             [&] { return release_node(pointer); });
}
cudaError_t cudaGraphMemFreeNodeGetParams(cudaGraphNode_t node, void* pointer) {
  return get<GraphRelease>("cudaGraphMemFreeNodeGetParams", node, [&](const GraphRelease& release) {
    std::memcpy(pointer, &release.memory->address, sizeof(void*));
  });
}

}  // extern "C"
