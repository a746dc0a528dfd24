// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cuda/context.h>

#include <vector>

namespace kindling::kernels::cuda {

/// Recorded commands as one CUDA graph.
class Graph final : public Program {
 public:
  Graph(Context& context, std::span<const RecordedCommand> commands);
  ~Graph() override;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void run(std::int64_t times) override;
  void refresh() override;

 private:
  cudaGraph_t record() const;

  Context& context_;
  std::vector<RecordedCommand> commands_;
  cudaGraphExec_t executable_ = nullptr;
};

}  // namespace kindling::kernels::cuda
