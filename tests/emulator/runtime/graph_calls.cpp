// SPDX-License-Identifier: MIT
// Graphs as a whole: making, asking, instantiating, updating, launching.
#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/streams/graph_memory.h"

#include <algorithm>
#include <cstring>
#include <fstream>

using namespace emulator;

namespace {

template <class Body>
cudaError_t about_graph(const char* call, cudaGraph_t handle, Body body) {
  return query(call, [&]() -> cudaError_t {
    Graph* const graph = graphs().find(handle);
    return graph ? body(*graph) : cudaErrorInvalidValue;
  });
}

template <class Body>
cudaError_t about_node(const char* call, cudaGraphNode_t handle, Body body) {
  return query(call, [&]() -> cudaError_t {
    Node* const node = nodes().find(handle);
    return node ? body(*node) : cudaErrorInvalidValue;
  });
}

template <class Body>
cudaError_t about_exec(const char* call, cudaGraphExec_t handle, Body body) {
  return entry(call, [&]() -> cudaError_t {
    GraphExec* const exec = graph_execs().find(handle);
    return exec ? body(*exec) : cudaErrorInvalidValue;
  });
}

cudaGraphNode_t to_handle(const Node* node) {
  return reinterpret_cast<cudaGraphNode_t>(const_cast<Node*>(node));
}

// Without a place for them: how many; with: that many at most, the rest nullptr.
cudaError_t give_nodes(const std::vector<Node*>& found, cudaGraphNode_t* out, std::size_t* count) {
  if (!out) {
    *count = found.size();
    return cudaSuccess;
  }
  for (std::size_t i = 0; i < *count; ++i)
    out[i] = i < found.size() ? to_handle(found[i]) : nullptr;
  *count = std::min(*count, found.size());
  return cudaSuccess;
}

std::vector<Node*> dependents(const Node& node) {
  std::vector<Node*> result;
  for (Node* other : node.graph->nodes) {
    const auto& before = other->dependencies;
    if (std::find(before.begin(), before.end(), &node) != before.end()) result.push_back(other);
  }
  return result;
}

cudaError_t instantiate_as(cudaGraphExec_t* out, cudaGraph_t handle, unsigned long long flags) {
  Graph* const graph = graphs().find(handle);
  if (!graph || !out) return cudaErrorInvalidValue;
  if (flags & cudaGraphInstantiateFlagDeviceLaunch) return cudaErrorNotSupported;
  GraphExec exec;
  exec.flags = flags;
  if (!instantiate(*graph, exec)) return cudaErrorInvalidValue;
  GraphExec* const kept = graph_execs().add();
  *kept = std::move(exec);
  *out = reinterpret_cast<cudaGraphExec_t>(kept);
  return cudaSuccess;
}

// The first difference that an update cannot bridge.
cudaGraphExecUpdateResult compare(const GraphExec& exec, const GraphExec& update,
                                  std::size_t& step) {
  step = 0;
  if (exec.steps.size() != update.steps.size()) return cudaGraphExecUpdateErrorTopologyChanged;
  for (; step < exec.steps.size(); ++step) {
    const GraphExec::Step& mine = exec.steps[step];
    const GraphExec::Step& theirs = update.steps[step];
    if (mine.work.kind != theirs.work.kind) return cudaGraphExecUpdateErrorNodeTypeChanged;
    if (mine.after != theirs.after) return cudaGraphExecUpdateErrorTopologyChanged;
    if (mine.work.kind == cudaGraphNodeTypeMemAlloc || mine.work.kind == cudaGraphNodeTypeMemFree) {
      return cudaGraphExecUpdateErrorNotSupported;
    }
  }
  return cudaGraphExecUpdateSuccess;
}

const Node* node_of(const GraphExec& exec, std::size_t step) {
  for (const auto& [node, range] : exec.steps_of) {
    if (range.first == step && range.second == step + 1) return node;
  }
  return nullptr;
}

// Takes the work of `update` over; where each node's steps lie stays as it was instantiated.
cudaError_t update(GraphExec& exec, const Graph& graph, cudaGraphExecUpdateResultInfo& info) {
  GraphExec other;
  info = {cudaGraphExecUpdateError, nullptr, nullptr};
  if (!instantiate(graph, other)) return cudaErrorGraphExecUpdateFailure;
  std::size_t step = 0;
  info.result = compare(exec, other, step);
  if (info.result != cudaGraphExecUpdateSuccess) {
    info.errorNode = to_handle(node_of(other, step));
    return cudaErrorGraphExecUpdateFailure;
  }
  for (std::size_t i = 0; i < exec.steps.size(); ++i) exec.steps[i].work = other.steps[i].work;
  return cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaGraphCreate(cudaGraph_t* graph, unsigned flags) {
  return query("cudaGraphCreate", [&] {
    if (!graph || flags != 0) return cudaErrorInvalidValue;
    *graph = reinterpret_cast<cudaGraph_t>(graphs().add());
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t handle) {
  return about_graph("cudaGraphDestroy", handle, [](Graph& graph) {
    destroy_graph(graph);
    return cudaSuccess;
  });
}

cudaError_t cudaGraphClone(cudaGraph_t* clone, cudaGraph_t handle) {
  return about_graph("cudaGraphClone", handle, [&](Graph& graph) {
    *clone = reinterpret_cast<cudaGraph_t>(clone_graph(graph));
    return cudaSuccess;
  });
}

cudaError_t cudaGraphNodeFindInClone(cudaGraphNode_t* out, cudaGraphNode_t original,
                                     cudaGraph_t clone) {
  return about_graph("cudaGraphNodeFindInClone", clone, [&](Graph& graph) {
    for (const Node* node : graph.nodes) {
      if (to_handle(node->original) != original) continue;
      *out = to_handle(node);
      return cudaSuccess;
    }
    return cudaErrorInvalidValue;
  });
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t handle, cudaGraphNodeType* type) {
  return about_node("cudaGraphNodeGetType", handle, [&](Node& node) {
    *type = node.type();
    return cudaSuccess;
  });
}

cudaError_t cudaGraphGetNodes(cudaGraph_t handle, cudaGraphNode_t* out, std::size_t* count) {
  return about_graph("cudaGraphGetNodes", handle,
                     [&](Graph& graph) { return give_nodes(graph.nodes, out, count); });
}

cudaError_t cudaGraphGetRootNodes(cudaGraph_t handle, cudaGraphNode_t* out, std::size_t* count) {
  return about_graph("cudaGraphGetRootNodes", handle, [&](Graph& graph) {
    std::vector<Node*> roots = graph.nodes;
    std::erase_if(roots, [](const Node* node) { return !node->dependencies.empty(); });
    return give_nodes(roots, out, count);
  });
}

cudaError_t cudaGraphGetEdges(cudaGraph_t handle, cudaGraphNode_t* from, cudaGraphNode_t* to,
                              cudaGraphEdgeData* data, std::size_t* count) {
  return about_graph("cudaGraphGetEdges", handle, [&](Graph& graph) {
    std::vector<Node*> starts, ends;
    for (Node* node : graph.nodes) {
      starts.insert(starts.end(), node->dependencies.begin(), node->dependencies.end());
      ends.resize(starts.size(), node);
    }
    if (data && from) std::memset(data, 0, *count * sizeof *data);
    std::size_t also = *count;
    give_nodes(ends, to, &also);
    return give_nodes(starts, from, count);
  });
}

cudaError_t cudaGraphNodeGetDependencies(cudaGraphNode_t handle, cudaGraphNode_t* out,
                                         cudaGraphEdgeData*, std::size_t* count) {
  return about_node("cudaGraphNodeGetDependencies", handle,
                    [&](Node& node) { return give_nodes(node.dependencies, out, count); });
}

cudaError_t cudaGraphNodeGetDependentNodes(cudaGraphNode_t handle, cudaGraphNode_t* out,
                                           cudaGraphEdgeData*, std::size_t* count) {
  return about_node("cudaGraphNodeGetDependentNodes", handle,
                    [&](Node& node) { return give_nodes(dependents(node), out, count); });
}

cudaError_t cudaGraphAddDependencies(cudaGraph_t handle, const cudaGraphNode_t* from,
                                     const cudaGraphNode_t* to, const cudaGraphEdgeData*,
                                     std::size_t count) {
  return about_graph("cudaGraphAddDependencies", handle, [&](Graph& graph) {
    for (std::size_t i = 0; i < count; ++i) {
      Node* const before = nodes().find(from[i]);
      Node* const after = nodes().find(to[i]);
      if (!before || !after || before->graph != &graph || after->graph != &graph) {
        return cudaErrorInvalidValue;
      }
      auto& known = after->dependencies;
      if (std::find(known.begin(), known.end(), before) != known.end()) {
        return cudaErrorInvalidValue;
      }
      known.push_back(before);
    }
    return cudaSuccess;
  });
}

cudaError_t cudaGraphRemoveDependencies(cudaGraph_t handle, const cudaGraphNode_t* from,
                                        const cudaGraphNode_t* to, const cudaGraphEdgeData*,
                                        std::size_t count) {
  return about_graph("cudaGraphRemoveDependencies", handle, [&](Graph&) {
    for (std::size_t i = 0; i < count; ++i) {
      Node* const after = nodes().find(to[i]);
      if (!after || std::erase(after->dependencies, nodes().find(from[i])) == 0) {
        return cudaErrorInvalidValue;
      }
    }
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroyNode(cudaGraphNode_t handle) {
  return about_node("cudaGraphDestroyNode", handle, [](Node& node) {
    remove_node(node);
    return cudaSuccess;
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph,
                                 unsigned long long flags) {
  return entry("cudaGraphInstantiate", [&] { return instantiate_as(exec, graph, flags); });
}
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* exec, cudaGraph_t graph,
                                          unsigned long long flags) {
  return entry("cudaGraphInstantiateWithFlags", [&] { return instantiate_as(exec, graph, flags); });
}
cudaError_t cudaGraphInstantiateWithParams(cudaGraphExec_t* exec, cudaGraph_t graph,
                                           cudaGraphInstantiateParams* parameters) {
  return entry("cudaGraphInstantiateWithParams", [&] {
    const cudaError_t error = instantiate_as(exec, graph, parameters->flags);
    parameters->errNode_out = nullptr;
    parameters->result_out =
        error == cudaSuccess ? cudaGraphInstantiateSuccess : cudaGraphInstantiateInvalidStructure;
    return error;
  });
}

cudaError_t cudaGraphExecGetFlags(cudaGraphExec_t handle, unsigned long long* flags) {
  return about_exec("cudaGraphExecGetFlags", handle, [&](GraphExec& exec) {
    *flags = exec.flags;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t handle, cudaGraph_t graph_handle,
                                cudaGraphExecUpdateResultInfo* info) {
  return about_exec("cudaGraphExecUpdate", handle, [&](GraphExec& exec) -> cudaError_t {
    const Graph* const graph = graphs().find(graph_handle);
    return graph ? update(exec, *graph, *info) : cudaErrorInvalidValue;
  });
}

cudaError_t cudaGraphExecChildGraphNodeSetParams(cudaGraphExec_t handle, cudaGraphNode_t node,
                                                 cudaGraph_t graph_handle) {
  return about_exec("cudaGraphExecChildGraphNodeSetParams", handle, [&](GraphExec& exec) {
    const Graph* const graph = graphs().find(graph_handle);
    const Node* const known = nodes().find(node);
    if (!graph || !known || !exec.steps_of.contains(known)) return cudaErrorInvalidValue;
    const auto [first, last] = exec.steps_of.at(known);
    GraphExec other;
    if (!instantiate(*graph, other) || other.steps.size() != last - first) {
      return cudaErrorInvalidValue;
    }
    for (std::size_t i = 0; i < other.steps.size(); ++i) {
      if (other.steps[i].work.kind != exec.steps[first + i].work.kind) return cudaErrorInvalidValue;
    }
    for (std::size_t i = 0; i < other.steps.size(); ++i) {
      exec.steps[first + i].work = other.steps[i].work;
    }
    return cudaSuccess;
  });
}

cudaError_t cudaGraphNodeSetEnabled(cudaGraphExec_t handle, cudaGraphNode_t node,
                                    unsigned enabled) {
  return about_exec("cudaGraphNodeSetEnabled", handle, [&](GraphExec& exec) {
    const Node* const known = nodes().find(node);
    if (!known || !exec.steps_of.contains(known)) return cudaErrorInvalidValue;
    if (known->type() != cudaGraphNodeTypeKernel && known->type() != cudaGraphNodeTypeMemcpy &&
        known->type() != cudaGraphNodeTypeMemset) {
      return cudaErrorInvalidValue;
    }
    exec.steps[exec.steps_of.at(known).first].enabled = enabled != 0;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphNodeGetEnabled(cudaGraphExec_t handle, cudaGraphNode_t node,
                                    unsigned* enabled) {
  return about_exec("cudaGraphNodeGetEnabled", handle, [&](GraphExec& exec) {
    const Node* const known = nodes().find(node);
    if (!known || !exec.steps_of.contains(known)) return cudaErrorInvalidValue;
    *enabled = exec.steps[exec.steps_of.at(known).first].enabled;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphUpload(cudaGraphExec_t handle, cudaStream_t) {
  return about_exec("cudaGraphUpload", handle, [](GraphExec&) { return cudaSuccess; });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t handle, cudaStream_t stream_handle) {
  return about_exec("cudaGraphLaunch", handle, [&](GraphExec& exec) -> cudaError_t {
    Stream* const stream = find_stream(stream_handle);
    return stream ? launch(exec, *stream) : cudaErrorInvalidResourceHandle;
  });
}

// What it has under way still runs.
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t handle) {
  return query("cudaGraphExecDestroy", [&] {
    GraphExec* const exec = graph_execs().find(handle);
    return exec && graph_execs().remove(exec) ? cudaSuccess : cudaErrorInvalidValue;
  });
}

cudaError_t cudaDeviceGraphMemTrim(int) {
  return query("cudaDeviceGraphMemTrim", [] { return cudaSuccess; });
}

cudaError_t cudaGraphDebugDotPrint(cudaGraph_t handle, const char* path, unsigned) {
  return about_graph("cudaGraphDebugDotPrint", handle, [&](Graph& graph) {
    std::ofstream file(path);
    file << "digraph graph_1 {\n";
    for (const Node* node : graph.nodes) {
      file << "  \"" << node << "\" [label=\"" << node->work.what << "\"];\n";
      for (const Node* before : node->dependencies) {
        file << "  \"" << before << "\" -> \"" << node << "\";\n";
      }
    }
    file << "}\n";
    return file ? cudaSuccess : cudaErrorOperatingSystem;
  });
}

}  // extern "C"
