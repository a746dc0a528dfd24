// SPDX-License-Identifier: MIT
#include "tests/emulator/streams/graph.h"

#include "tests/emulator/report/counters.h"
#include "tests/emulator/report/options.h"
#include "tests/emulator/streams/capture.h"
#include "tests/emulator/streams/errors.h"
#include "tests/emulator/streams/event.h"
#include "tests/emulator/streams/graph_memory.h"

#include <algorithm>

namespace emulator {
namespace {

// Nodes so that each comes after its dependencies, else in the order they were added; empty for a
// graph with a cycle.
std::vector<const Node*> sorted(const Graph& graph) {
  std::vector<const Node*> result;
  std::set<const Node*> placed;
  while (result.size() < graph.nodes.size()) {
    const std::size_t before = result.size();
    for (const Node* node : graph.nodes) {
      if (placed.contains(node)) continue;
      if (!std::all_of(node->dependencies.begin(), node->dependencies.end(),
                       [&](const Node* other) { return placed.contains(other); })) {
        continue;
      }
      placed.insert(node);
      result.push_back(node);
    }
    if (result.size() == before) return {};
  }
  return result;
}

// The steps of `exec` that no later one waits for, from `first` on.
std::vector<std::size_t> leaves(const GraphExec& exec, std::size_t first) {
  std::set<std::size_t> result;
  for (std::size_t i = first; i < exec.steps.size(); ++i) {
    for (const std::size_t before : exec.steps[i].after) result.erase(before);
    result.insert(i);
  }
  return {result.begin(), result.end()};
}

// Adds the steps of a graph that starts after the steps `start`.
bool unfold(const Graph& graph, const std::vector<std::size_t>& start, GraphExec& exec) {
  const std::vector<const Node*> order = sorted(graph);
  if (order.size() != graph.nodes.size()) return false;
  std::map<const Node*, std::vector<std::size_t>> ends;  // the steps that end a node
  for (const Node* node : order) {
    std::vector<std::size_t> after;
    for (const Node* before : node->dependencies) {
      after.insert(after.end(), ends[before].begin(), ends[before].end());
    }
    if (node->dependencies.empty()) after = start;
    const std::size_t first = exec.steps.size();
    if (const auto* child = std::any_cast<ChildGraph>(&node->work.details)) {
      if (!unfold(*child->graph, after, exec)) return false;
      ends[node] = exec.steps.size() > first ? leaves(exec, first) : after;
    } else {
      exec.steps.push_back({node->work, after});
      ends[node] = {first};
    }
    exec.steps_of[node] = {first, exec.steps.size()};
  }
  return true;
}

// A captured cudaGraphLaunch: the steps as a graph of their own.
Work as_child(const GraphExec& exec) {
  Graph graph;
  for (const GraphExec::Step& step : exec.steps) {
    std::vector<Node*> after;
    for (const std::size_t index : step.after) after.push_back(graph.nodes[index]);
    Work work = step.work;
    if (!step.enabled) work.run = nullptr;
    add_node(graph, std::move(work), std::move(after));
  }
  Work work;
  work.what = "a child graph";
  work.kind = cudaGraphNodeTypeGraph;
  work.details = own_clone(graph);
  destroy_graph(graph);
  return work;
}

}  // namespace

Registry<Graph>& graphs() {
  static auto* const result = new Registry<Graph>;
  return *result;
}

Registry<Node>& nodes() {
  static auto* const result = new Registry<Node>;
  return *result;
}

Registry<GraphExec>& graph_execs() {
  static auto* const result = new Registry<GraphExec>;
  return *result;
}

Node* add_node(Graph& graph, Work work, std::vector<Node*> dependencies) {
  Node* const node = nodes().add();
  node->graph = &graph;
  node->work = std::move(work);
  node->dependencies = std::move(dependencies);
  graph.nodes.push_back(node);
  return node;
}

void remove_node(Node& node) {
  std::erase(node.graph->nodes, &node);
  for (Node* other : node.graph->nodes) std::erase(other->dependencies, &node);
  nodes().remove(&node);
}

void destroy_graph(Graph& graph) {
  for (Node* node : graph.nodes) nodes().remove(node);
  graph.nodes.clear();
  graphs().remove(&graph);
}

Graph* clone_graph(const Graph& graph) {
  Graph* const copy = graphs().add();
  std::map<const Node*, Node*> copies;
  for (const Node* node : graph.nodes) {
    Work work = node->work;
    if (auto* child = std::any_cast<ChildGraph>(&work.details)) *child = own_clone(*child->graph);
    copies[node] = add_node(*copy, std::move(work), {});
    copies[node]->original = node;
  }
  for (const Node* node : graph.nodes) {
    for (const Node* before : node->dependencies) {
      copies[node]->dependencies.push_back(copies[before]);
    }
  }
  return copy;
}

ChildGraph own_clone(const Graph& graph) {
  return {{clone_graph(graph), [](Graph* owned) { destroy_graph(*owned); }}};
}

std::set<const Node*> ancestors(const std::vector<Node*>& from) {
  std::set<const Node*> result;
  std::vector<const Node*> rest(from.begin(), from.end());
  while (!rest.empty()) {
    const Node* const node = rest.back();
    rest.pop_back();
    if (!result.insert(node).second) continue;
    rest.insert(rest.end(), node->dependencies.begin(), node->dependencies.end());
  }
  return result;
}

bool instantiate(const Graph& graph, GraphExec& exec) {
  exec.steps.clear();
  exec.steps_of.clear();
  return unfold(graph, {}, exec);
}

cudaError_t launch(GraphExec& exec, Stream& stream) {
  if (stream.capture) return capture_work(stream, as_child(exec));
  if (&stream == &legacy_stream()) {
    if (const cudaError_t error = refuse_legacy_work("cudaGraphLaunch")) return error;
  }
  if (sticky_error() != cudaSuccess) return sticky_error();
  if (const cudaError_t error = prepare_graph_memory(exec)) return error;
  ++counters().graph_launches;
  const OperationPtr start = enqueue(stream, {nullptr, "the start of a graph"});
  std::vector<OperationPtr> operations;
  for (const GraphExec::Step& step : exec.steps) {
    std::vector<OperationPtr> after = {start, exec.last};
    for (const std::size_t index : step.after) after.push_back(operations[index]);
    Work work = step.work;
    if (!step.enabled) work.run = nullptr;
    Event* const* const event = std::any_cast<Event*>(&work.details);
    if (event && work.kind == cudaGraphNodeTypeWaitEvent) after.push_back((*event)->operation);
    if (event && work.kind == cudaGraphNodeTypeEventRecord) work = record_work(**event);
    operations.push_back(enqueue_after(std::move(after), std::move(work)));
    if (event && step.work.kind == cudaGraphNodeTypeEventRecord) {
      (*event)->operation = operations.back();
      (*event)->capture = 0;
    }
  }
  operations.push_back(start);
  exec.last = stream.last = enqueue_after(std::move(operations), {nullptr, "the end of a graph"});
  return options().lazy ? sticky_error() : take_work_error();
}

}  // namespace emulator
