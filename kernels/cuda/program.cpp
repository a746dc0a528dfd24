// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/check.h>
#include <kindling/kernels/cuda/program.h>

namespace kindling::kernels::cuda {
namespace {

/// Destroys a graph that has become an executable one.
struct Owned {
  cudaGraph_t graph;
  explicit Owned(cudaGraph_t owned) : graph(owned) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { (void)cudaGraphDestroy(graph); }
};

}  // namespace

Graph::Graph(Context& context, std::span<const RecordedCommand> commands)
    : context_(context), commands_(commands.begin(), commands.end()) {
  const Owned recorded(record());
  check(cudaGraphInstantiate(&executable_, recorded.graph, 0), "cudaGraphInstantiate");
}

// After the runtime's end the error says that it is gone, and nothing is left to free.
Graph::~Graph() { (void)cudaGraphExecDestroy(executable_); }

cudaGraph_t Graph::record() const {
  GraphRecording recording;
  for (const RecordedCommand& command : commands_)
    context_.table().kernels[command.kind](context_, command.arguments);
  return recording.finish();
}

void Graph::run(std::int64_t times) {
  for (; times > 0; --times)
    check(cudaGraphLaunch(executable_, context_.device_stream()), "cudaGraphLaunch");
}

void Graph::refresh() {
  const Owned recorded(record());
  cudaGraphExecUpdateResultInfo result = {};
  if (cudaGraphExecUpdate(executable_, recorded.graph, &result) == cudaSuccess) return;
  (void)cudaGetLastError();  // other kernels than before: a new one
  cudaGraphExec_t executable = nullptr;
  check(cudaGraphInstantiate(&executable, recorded.graph, 0), "cudaGraphInstantiate");
  (void)cudaGraphExecDestroy(executable_);
  executable_ = executable;
}

}  // namespace kindling::kernels::cuda
