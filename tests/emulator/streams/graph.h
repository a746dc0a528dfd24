// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/streams/schedule.h"

#include <map>

namespace emulator {

struct Graph;

/// A node: work, and the nodes of the same graph that come before it.
struct Node {
  Graph* graph = nullptr;
  Work work;
  std::vector<Node*> dependencies;
  const Node* original = nullptr;  // what cudaGraphClone made it from

  cudaGraphNodeType type() const { return work.kind; }
};

/// Nodes in the order in which they were added. The handle of a child graph is that of the graph
/// its node owns.
struct Graph {
  std::vector<Node*> nodes;
};

Registry<Graph>& graphs();
Registry<Node>& nodes();

Node* add_node(Graph& graph, Work work, std::vector<Node*> dependencies);
void remove_node(Node& node);
/// Ends a graph and its nodes.
void destroy_graph(Graph& graph);
/// A copy of a graph; a node's `original` is the one it was made from.
Graph* clone_graph(const Graph& graph);
/// The nodes and everything they come after.
std::set<const Node*> ancestors(const std::vector<Node*>& from);

/// A child graph's node owns a graph through this.
struct ChildGraph {
  std::shared_ptr<Graph> graph;
};
ChildGraph own_clone(const Graph& graph);

/// A graph ready to run: its nodes in an order that respects the edges, child graphs unfolded.
struct GraphExec {
  struct Step {
    Work work;
    std::vector<std::size_t> after;  // indices of steps before it
    bool enabled = true;
  };
  std::vector<Step> steps;
  // Steps [first, last) of each node of the graph it was made from, child graphs' nodes included.
  std::map<const Node*, std::pair<std::size_t, std::size_t>> steps_of;
  unsigned long long flags = 0;
  OperationPtr last;  // of the latest launch
};

Registry<GraphExec>& graph_execs();

/// False if the graph has a cycle.
bool instantiate(const Graph& graph, GraphExec& exec);
/// Puts all its work on a stream, or, if that is being captured, a child node into its graph.
cudaError_t launch(GraphExec& exec, Stream& stream);

}  // namespace emulator
