// SPDX-License-Identifier: MIT
#include "tests/emulator/streams/graph.h"

#include "tests/emulator/report/counters.h"
#include "tests/emulator/report/options.h"
#include "tests/emulator/streams/capture.h"
#include "tests/emulator/streams/errors.h"
#include "tests/emulator/streams/graph_memory.h"

#include <algorithm>
#include <map>

namespace emulator {
namespace {

// That of a node that is a graph, or nullptr.
Graph* child_of(const Work& work) {
  auto* const* const found = std::any_cast<Graph*>(&work.details);
  return found ? *found : nullptr;
}

cudaError_t capture_steps(const GraphExec& exec, Stream& stream) {
  if (!stream.capture->valid) return cudaErrorStreamCaptureInvalidated;
  std::vector<Node*> made;
  std::set<Node*> tips(stream.tips.begin(), stream.tips.end());
  for (const GraphExec::Step& step : exec.steps) {
    std::vector<Node*> after = step.after.empty() ? stream.tips : std::vector<Node*>{};
    for (const std::size_t index : step.after) after.push_back(made[index]);
    for (Node* before : after) tips.erase(before);
    made.push_back(add_node(*stream.capture->graph, step.work, std::move(after)));
    tips.insert(made.back());
  }
  stream.tips.assign(tips.begin(), tips.end());
  return cudaSuccess;
}

}  // namespace

Node* add_node(Graph& graph, Work work, std::vector<Node*> dependencies) {
  Node* const node = registry<Node>().add();
  *node = {&graph, std::move(work), std::move(dependencies)};
  graph.nodes.push_back(node);
  return node;
}

Graph* clone(const Graph& graph) {
  std::map<const Node*, Node*> copies;
  Graph* const copy = registry<Graph>().add();
  for (const Node* node : graph.nodes) {
    Work work = node->work;
    bool can_be = work.kind != cudaGraphNodeTypeMemAlloc && work.kind != cudaGraphNodeTypeMemFree;
    if (const Graph* const child = child_of(work)) {
      Graph* const copied = clone(*child);
      can_be = copied != nullptr;
      work.details = copied;
    }
    if (!can_be) {
      destroy_graph(*copy);
      return nullptr;
    }
    copies[node] = add_node(*copy, std::move(work), node->dependencies);
  }
  for (Node* node : copy->nodes) {
    for (Node*& before : node->dependencies) before = copies[before];
  }
  return copy;
}

void destroy_graph(Graph& graph) {
  for (Node* node : graph.nodes) {
    if (Graph* const child = child_of(node->work)) destroy_graph(*child);
    registry<Node>().remove(node);
  }
  registry<Graph>().remove(&graph);
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

GraphExec::Step* GraphExec::find(const Node* node) {
  const auto found =
      std::find_if(steps.begin(), steps.end(), [&](const Step& step) { return step.node == node; });
  return found == steps.end() ? nullptr : &*found;
}

// Nodes in the order they were added, but each after its dependencies. Those of a child graph come
// before the step of its node, which then waits for them all.
bool instantiate(const Graph& graph, GraphExec& exec) {
  std::map<const Node*, std::size_t> places;
  while (places.size() < graph.nodes.size()) {
    const std::size_t placed = places.size();
    for (const Node* node : graph.nodes) {
      const auto& before = node->dependencies;
      const auto is_placed = [&](const Node* other) { return places.contains(other); };
      if (is_placed(node) || !std::all_of(before.begin(), before.end(), is_placed)) continue;
      std::vector<std::size_t> after;
      for (const Node* other : before) after.push_back(places[other]);
      if (const Graph* const child = child_of(node->work)) {
        GraphExec inner;
        if (!instantiate(*child, inner)) return false;
        const std::size_t first = exec.steps.size();
        for (GraphExec::Step& step : inner.steps) {
          for (std::size_t& index : step.after) index += first;
          if (step.after.empty()) step.after = after;
          exec.steps.push_back(std::move(step));
        }
        for (std::size_t i = first; i < exec.steps.size(); ++i) after.push_back(i);
      }
      places[node] = exec.steps.size();
      exec.steps.push_back({node, node->work, std::move(after)});
    }
    if (places.size() == placed) return false;
  }
  return true;
}

cudaError_t launch(GraphExec& exec, Stream& stream) {
  if (stream.capture) return capture_steps(exec, stream);
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
    operations.push_back(enqueue_after(std::move(after), step.work));
  }
  operations.push_back(start);
  exec.last = stream.last = enqueue_after(std::move(operations), {nullptr, "the end of a graph"});
  return options().lazy ? sticky_error() : take_work_error();
}

}  // namespace emulator
