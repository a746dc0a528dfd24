// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/streams/graph.h"

namespace emulator {

/// Memory that a graph allocates: its address is known from the start, but it may be used only
/// between the run of the node that allocates it and its release.
struct GraphMemory {
  GraphMemory(std::uint64_t memory_address, std::size_t size)
      : address(memory_address), bytes(size) {}
  ~GraphMemory();
  GraphMemory(const GraphMemory&) = delete;
  GraphMemory& operator=(const GraphMemory&) = delete;

  std::uint64_t address;
  std::size_t bytes;
  bool mapped = false;
};
/// The details of a node that allocates.
using GraphMemoryPtr = std::shared_ptr<GraphMemory>;

/// The work of a node that allocates, `address` its memory; 0 (--memory) if there is no room.
Work allocate_in_graph(std::size_t bytes, std::string origin, std::uint64_t& address);
Work release_in_graph(GraphMemoryPtr memory);
/// The memory of a graph at that address, or nullptr.
GraphMemoryPtr find_graph_memory(std::uint64_t address);
/// Releases such memory from outside its graph.
cudaError_t release(GraphMemory& memory);
/// Whether the addresses may be used now; memory that is not cannot be a leak.
bool is_unmapped_graph_memory(std::uint64_t address);

/// Before a launch: memory that an earlier one left allocated is freed if the graph was made with
/// cudaGraphInstantiateFlagAutoFreeOnLaunch, else an error.
cudaError_t prepare_graph_memory(const GraphExec& exec);

}  // namespace emulator
