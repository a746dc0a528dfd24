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

void destroy_graph(Graph& graph) {
  for (Node* node : graph.nodes) registry<Node>().remove(node);
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

// Nodes in the order they were added, but each after its dependencies.
bool instantiate(const Graph& graph, GraphExec& exec) {
  std::map<const Node*, std::size_t> places;
  while (exec.steps.size() < graph.nodes.size()) {
    const std::size_t placed = exec.steps.size();
    for (const Node* node : graph.nodes) {
      const auto& before = node->dependencies;
      const auto is_placed = [&](const Node* other) { return places.contains(other); };
      if (is_placed(node) || !std::all_of(before.begin(), before.end(), is_placed)) continue;
      std::vector<std::size_t> after;
      for (const Node* other : before) after.push_back(places[other]);
      places[node] = exec.steps.size();
      exec.steps.push_back({node, node->work, std::move(after)});
    }
    if (exec.steps.size() == placed) return false;
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
