// SPDX-License-Identifier: MIT
// Compiled with --default-stream per-thread: stream 0 is one of the calling thread's own.
// case launches: clean
// case captured: clean
// case copied: capture "cudaMemcpy on a stream that is being captured"
// case failing: clean with --fail cudaMemcpy:1 --fail cudaMemset:2 --fail cudaLaunchKernel:1
#include "tests/emulator/tests/case.h"

#include <atomic>
#include <thread>

namespace {

__global__ void add(int* data, int value) { data[threadIdx.x] += value; }

void launches() {
  std::atomic<int> right{0};
  std::vector<std::thread> all;
  for (int t = 0; t < 3; ++t) {
    all.emplace_back([t, &right] {
      int* data = device<int>(64);
      for (int i = 0; i < 5; ++i) add<<<1, 64>>>(data, t);
      check(cudaStreamSynchronize(nullptr));
      if (take(data, 64)[9] == 5 * t) ++right;
    });
  }
  for (std::thread& one : all) one.join();
  require(right == 3, "every thread waits for its own work");
}

// The legacy stream could not be captured.
void captured() {
  int* data = device<int>(64);
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  check(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal));
  add<<<1, 64>>>(data, 1);
  check(cudaStreamEndCapture(nullptr, &graph));
  check(cudaGraphInstantiate(&exec, graph, 0));
  for (int i = 0; i < 3; ++i) check(cudaGraphLaunch(exec, nullptr));
  check(cudaStreamSynchronize(nullptr));
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphDestroy(graph));
  require(take(data, 64)[0] == 3, "stream 0 is captured");
}

// A copy that waits does so on the thread's own stream, so it has no place in its capture.
void copied() {
  int *data = device<int>(64), host[64] = {};
  cudaGraph_t graph;
  check(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeRelaxed));
  require(cudaMemcpy(data, host, 256, cudaMemcpyDefault) == cudaErrorStreamCaptureUnsupported,
          "a copy in a capture");
  require(cudaStreamEndCapture(nullptr, &graph) == cudaErrorStreamCaptureInvalidated, "its end");
  cudaGetLastError();
  require(take(data, 64)[0] == 0, "and outside one");
}

// Calls have the names that the program writes.
void failing() {
  int host[64] = {};
  int* data = device<int>(64);  // sets it once
  require(cudaMemcpy(host, data, 256, cudaMemcpyDefault) == cudaErrorUnknown, "cudaMemcpy");
  require(cudaMemset(data, 1, 256) == cudaErrorUnknown, "cudaMemset");
  cudaGetLastError();
  add<<<1, 64>>>(data, 1);
  require(cudaGetLastError() == cudaErrorLaunchOutOfResources, "a launch");
  require(take(data, 64)[0] == 0, "none of them ran");
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(
      count, arguments,
      {{"launches", launches}, {"captured", captured}, {"copied", copied}, {"failing", failing}});
}
