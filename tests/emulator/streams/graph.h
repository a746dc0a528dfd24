// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/streams/schedule.h"

namespace emulator {

struct Graph;

/// A node: work, and the nodes of the same graph that come before it.
struct Node {
  Graph* graph = nullptr;
  Work work;
  std::vector<Node*> dependencies;
};

/// Nodes in the order in which they were added.
struct Graph {
  std::vector<Node*> nodes;
};

Node* add_node(Graph& graph, Work work, std::vector<Node*> dependencies);
/// A copy; nullptr if the graph has nodes of memory, which cannot be copied.
Graph* clone(const Graph& graph);
/// Ends a graph, its nodes and the graphs in them.
void destroy_graph(Graph& graph);
/// The nodes and everything they come after.
std::set<const Node*> ancestors(const std::vector<Node*>& from);

/// A graph ready to run: its nodes in an order that respects the edges.
struct GraphExec {
  struct Step {
    const Node* node = nullptr;  // of the graph it was made from
    Work work;
    std::vector<std::size_t> after;  // indices of steps before it
  };
  std::vector<Step> steps;
  unsigned long long flags = 0;
  OperationPtr last;  // of the latest launch

  Step* find(const Node* node);
};

/// False if the graph has a cycle.
bool instantiate(const Graph& graph, GraphExec& exec);
/// Puts all its work on a stream; if that is being captured, its nodes become nodes of that graph.
cudaError_t launch(GraphExec& exec, Stream& stream);

}  // namespace emulator
