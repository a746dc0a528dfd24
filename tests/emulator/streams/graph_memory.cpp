// SPDX-License-Identifier: MIT
#include "tests/emulator/streams/graph_memory.h"

#include "tests/emulator/memory/memory.h"
#include "tests/emulator/report/report.h"

#include <cstring>
#include <map>

namespace emulator {
namespace {

// Guarded by device_lock(); never destroyed.
struct State {
  std::map<std::uint64_t, std::weak_ptr<GraphMemory>> known;
  std::set<GraphMemoryPtr> mapped;  // outlives its graph until somebody frees it
};

State& state() {
  static State* const result = new State;
  return *result;
}

void set_states(const GraphMemory& memory, ByteState byte) {
  std::memset(Memory::instance().shadow(memory.address), byte, memory.bytes);
}

}  // namespace

GraphMemory::~GraphMemory() {
  state().known.erase(address);
  Memory::instance().free(address);
}

Work allocate_in_graph(std::size_t bytes, std::string origin, std::uint64_t& address) {
  address = Memory::instance().allocate(bytes, MemoryKind::device, std::move(origin));
  if (address == 0) return {};
  const auto memory = std::make_shared<GraphMemory>(address, bytes);
  state().known[address] = memory;
  set_states(*memory, kNoMemory);
  const auto run = [memory] {
    set_states(*memory, kAllocated);
    std::memset(Memory::instance().data(memory->address), 0xFF, memory->bytes);
    memory->mapped = true;
    state().mapped.insert(memory);
    return cudaSuccess;
  };
  return {run, "a memory-allocation node", cudaGraphNodeTypeMemAlloc, memory};
}

Work release_in_graph(GraphMemoryPtr memory) {
  return {[memory] { return release(*memory); }, "a memory-free node", cudaGraphNodeTypeMemFree};
}

GraphMemoryPtr find_graph_memory(std::uint64_t address) {
  const auto found = state().known.find(address);
  return found == state().known.end() ? nullptr : found->second.lock();
}

cudaError_t release(GraphMemory& memory) {
  if (!memory.mapped) {
    report(Check::double_free, "the memory of a graph is freed while it is not allocated: " +
                                   Memory::instance().describe(memory.address, 1));
    return cudaErrorInvalidValue;
  }
  memory.mapped = false;
  set_states(memory, kFreed);
  std::erase_if(state().mapped,
                [&](const GraphMemoryPtr& other) { return other.get() == &memory; });
  return cudaSuccess;
}

bool is_unmapped_graph_memory(std::uint64_t address) {
  const GraphMemoryPtr memory = find_graph_memory(address);
  return memory && !memory->mapped;
}

cudaError_t prepare_graph_memory(const GraphExec& exec) {
  for (const GraphExec::Step& step : exec.steps) {
    const auto* const memory = std::any_cast<GraphMemoryPtr>(&step.work.details);
    if (!memory) continue;
    wait(exec.last);
    if (!(*memory)->mapped) continue;
    if (!(exec.flags & cudaGraphInstantiateFlagAutoFreeOnLaunch)) return cudaErrorInvalidValue;
    release(**memory);
  }
  return cudaSuccess;
}

}  // namespace emulator
