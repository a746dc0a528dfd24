// SPDX-License-Identifier: MIT
// Graphs as a whole: making, asking, instantiating, updating, launching.
#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/streams/graph.h"

#include <algorithm>

using namespace emulator;

namespace {

cudaGraphNode_t to_handle(const Node* node) {
  return reinterpret_cast<cudaGraphNode_t>(const_cast<Node*>(node));
}

cudaError_t instantiate_as(const char* call, cudaGraphExec_t* out, cudaGraph_t handle,
                           unsigned long long flags) {
  return about<Graph>(call, handle, [&](const Graph& graph) {
    if (!out) return cudaErrorInvalidValue;
    if (flags & cudaGraphInstantiateFlagDeviceLaunch) return cudaErrorNotSupported;
    GraphExec exec;
    exec.flags = flags;
    if (!instantiate(graph, exec)) return cudaErrorInvalidValue;
    GraphExec* const kept = registry<GraphExec>().add();
    *kept = std::move(exec);
    *out = reinterpret_cast<cudaGraphExec_t>(kept);
    return cudaSuccess;
  });
}

// Why a step cannot take over the work of another.
cudaGraphExecUpdateResult compare(const GraphExec::Step& mine, const GraphExec::Step& theirs) {
  const cudaGraphNodeType kind = mine.work.kind;
  if (kind != theirs.work.kind) return cudaGraphExecUpdateErrorNodeTypeChanged;
  if (mine.after != theirs.after) return cudaGraphExecUpdateErrorTopologyChanged;
  const bool is_memory = kind == cudaGraphNodeTypeMemAlloc || kind == cudaGraphNodeTypeMemFree;
  return is_memory ? cudaGraphExecUpdateErrorNotSupported : cudaGraphExecUpdateSuccess;
}

// Takes the work of a graph of the same shape over.
cudaError_t update(GraphExec& exec, const Graph& graph, cudaGraphExecUpdateResultInfo& info) {
  GraphExec other;
  info = {cudaGraphExecUpdateErrorTopologyChanged, nullptr, nullptr};
  if (!instantiate(graph, other) || other.steps.size() != exec.steps.size()) {
    return cudaErrorGraphExecUpdateFailure;
  }
  for (std::size_t i = 0; i < exec.steps.size(); ++i) {
    info.result = compare(exec.steps[i], other.steps[i]);
    if (info.result == cudaGraphExecUpdateSuccess) continue;
    info.errorNode = to_handle(other.steps[i].node);
    return cudaErrorGraphExecUpdateFailure;
  }
  for (std::size_t i = 0; i < exec.steps.size(); ++i) exec.steps[i].work = other.steps[i].work;
  info.result = cudaGraphExecUpdateSuccess;
  return cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaGraphCreate(cudaGraph_t* graph, unsigned flags) {
  return entry("cudaGraphCreate", [&] {
    if (!graph || flags != 0) return cudaErrorInvalidValue;
    *graph = reinterpret_cast<cudaGraph_t>(registry<Graph>().add());
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t handle) {
  return about<Graph>("cudaGraphDestroy", handle, [](Graph& graph) { destroy_graph(graph); });
}

cudaError_t cudaGraphClone(cudaGraph_t* copy, cudaGraph_t handle) {
  return about<Graph>("cudaGraphClone", handle, [&](const Graph& graph) {
    Graph* const made = copy ? clone(graph) : nullptr;
    if (!made) return cudaErrorInvalidValue;
    *copy = reinterpret_cast<cudaGraph_t>(made);
    return cudaSuccess;
  });
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t handle, cudaGraphNodeType* type) {
  return about<Node>("cudaGraphNodeGetType", handle,
                     [&](const Node& node) { *type = node.work.kind; });
}

// Without a place for them: how many; with: that many at most, the rest nullptr.
cudaError_t cudaGraphGetNodes(cudaGraph_t handle, cudaGraphNode_t* out, std::size_t* count) {
  return about<Graph>("cudaGraphGetNodes", handle, [&](const Graph& graph) {
    const std::size_t found = graph.nodes.size();
    for (std::size_t i = 0; out && i < *count; ++i) {
      out[i] = i < found ? to_handle(graph.nodes[i]) : nullptr;
    }
    *count = out ? std::min(*count, found) : found;
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph,
                                 unsigned long long flags) {
  return instantiate_as("cudaGraphInstantiate", exec, graph, flags);
}
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* exec, cudaGraph_t graph,
                                          unsigned long long flags) {
  return instantiate_as("cudaGraphInstantiateWithFlags", exec, graph, flags);
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t handle, cudaGraph_t graph_handle,
                                cudaGraphExecUpdateResultInfo* info) {
  return about<GraphExec>("cudaGraphExecUpdate", handle, [&](GraphExec& exec) {
    const Graph* const graph = registry<Graph>().find(graph_handle);
    return graph ? update(exec, *graph, *info) : cudaErrorInvalidValue;
  });
}

cudaError_t cudaGraphUpload(cudaGraphExec_t handle, cudaStream_t) {
  return about<GraphExec>("cudaGraphUpload", handle, [](GraphExec&) {});
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t handle, cudaStream_t stream_handle) {
  return about<GraphExec>("cudaGraphLaunch", handle, [&](GraphExec& exec) {
    Stream* const stream = find_stream(stream_handle);
    return stream ? launch(exec, *stream) : cudaErrorInvalidResourceHandle;
  });
}

// What it has under way still runs.
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t handle) {
  return about<GraphExec>("cudaGraphExecDestroy", handle,
                          [](GraphExec& exec) { registry<GraphExec>().remove(&exec); });
}

}  // extern "C"
