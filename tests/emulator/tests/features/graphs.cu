// SPDX-License-Identifier: MIT
// Graphs: captured, updated, made by hand, with memory of their own.
// case captured_work: clean
// case captured_launch: clean
// case updates: clean
// case refused_updates: clean
// case by_hand: clean
// case forked: clean
// case memory_nodes: clean
// case memory_outlives: clean
#include "tests/emulator/tests/case.h"

namespace {

__global__ void add(int* data, int value) { data[blockIdx.x * blockDim.x + threadIdx.x] += value; }

void captured_work() {
  int* data = device<int>(64);
  int host[64] = {};
  cudaStream_t stream;
  check(cudaStreamCreate(&stream));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  add<<<1, 64, 0, stream>>>(data, 3);
  check(cudaMemcpyAsync(host, data, 256, cudaMemcpyDeviceToHost, stream));
  cudaStreamCaptureStatus status;
  check(cudaStreamIsCapturing(stream, &status));
  require(status == cudaStreamCaptureStatusActive, "capturing");
  cudaGraph_t graph;
  check(cudaStreamEndCapture(stream, &graph));
  require(host[0] == 0, "a capture does not run");
  std::size_t nodes = 0;
  check(cudaGraphGetNodes(graph, nullptr, &nodes));
  require(nodes == 2, "nodes");
  cudaGraphExec_t exec;
  check(cudaGraphInstantiate(&exec, graph, 0));
  for (int i = 0; i < 4; ++i) check(cudaGraphLaunch(exec, stream));
  check(cudaStreamSynchronize(stream));
  require(host[63] == 12, "four launches");
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphDestroy(graph));
  check(cudaStreamDestroy(stream));
  check(cudaFree(data));
}

// A launch of a graph inside the capture of another one.
void captured_launch() {
  int* data = device<int>(64);
  cudaStream_t stream;
  check(cudaStreamCreate(&stream));
  cudaGraph_t inner, outer;
  cudaGraphExec_t inner_exec, outer_exec;
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  add<<<1, 64, 0, stream>>>(data, 1);
  add<<<1, 64, 0, stream>>>(data, 2);
  check(cudaStreamEndCapture(stream, &inner));
  check(cudaGraphInstantiate(&inner_exec, inner, 0));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  add<<<1, 64, 0, stream>>>(data, 4);
  check(cudaGraphLaunch(inner_exec, stream));
  add<<<1, 64, 0, stream>>>(data, 8);
  check(cudaStreamEndCapture(stream, &outer));
  check(cudaGraphInstantiate(&outer_exec, outer, 0));
  check(cudaGraphLaunch(outer_exec, stream));
  check(cudaStreamSynchronize(stream));
  for (cudaGraphExec_t exec : {inner_exec, outer_exec}) check(cudaGraphExecDestroy(exec));
  for (cudaGraph_t graph : {inner, outer}) check(cudaGraphDestroy(graph));
  check(cudaStreamDestroy(stream));
  require(take(data, 64)[5] == 15, "a graph in a graph");
}

cudaGraph_t captured(cudaStream_t stream, int* data, int value) {
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  add<<<1, 64, 0, stream>>>(data, value);
  cudaGraph_t graph;
  check(cudaStreamEndCapture(stream, &graph));
  return graph;
}

void updates() {
  int* data = device<int>(64);
  cudaStream_t stream;
  check(cudaStreamCreate(&stream));
  cudaGraph_t first = captured(stream, data, 1), second = captured(stream, data, 10);
  cudaGraphExec_t exec;
  check(cudaGraphInstantiate(&exec, first, 0));
  check(cudaGraphLaunch(exec, stream));
  cudaGraphExecUpdateResultInfo info;
  check(cudaGraphExecUpdate(exec, second, &info));
  check(cudaGraphLaunch(exec, stream));
  cudaGraphNode_t node;
  std::size_t count = 1;
  check(cudaGraphGetNodes(first, &node, &count));
  cudaKernelNodeParams parameters;
  check(cudaGraphKernelNodeGetParams(node, &parameters));
  int value = 100;
  void* arguments[] = {&data, &value};
  parameters.kernelParams = arguments;
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphInstantiate(&exec, first, 0));
  check(cudaGraphExecKernelNodeSetParams(exec, node, &parameters));
  check(cudaGraphLaunch(exec, stream));
  check(cudaStreamSynchronize(stream));
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphDestroy(first));
  check(cudaGraphDestroy(second));
  check(cudaStreamDestroy(stream));
  require(take(data, 64)[1] == 111, "updates");
}

void refused_updates() {
  int* data = device<int>(64);
  cudaStream_t stream;
  check(cudaStreamCreate(&stream));
  cudaGraph_t graph = captured(stream, data, 1), other, memset;
  cudaGraphExec_t exec;
  cudaGraphExecUpdateResultInfo info;
  check(cudaGraphInstantiateWithFlags(&exec, graph, cudaGraphInstantiateFlagUseNodePriority));
  const auto updated = [&](cudaGraph_t with) {
    const cudaError_t error = cudaGraphExecUpdate(exec, with, &info);
    require((error == cudaSuccess) == (info.result == cudaGraphExecUpdateSuccess), "the result");
    cudaGetLastError();
    return error;
  };
  check(cudaGraphCreate(&other, 0));
  require(updated(other) == cudaErrorGraphExecUpdateFailure &&
              info.result == cudaGraphExecUpdateErrorTopologyChanged,
          "a graph without nodes");
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  check(cudaMemsetAsync(data, 0, 256, stream));
  check(cudaStreamEndCapture(stream, &memset));
  require(updated(memset) == cudaErrorGraphExecUpdateFailure &&
              info.result == cudaGraphExecUpdateErrorNodeTypeChanged,
          "a node of another type");
  cudaGraphNode_t node;
  std::size_t count = 1;
  check(cudaGraphGetNodes(memset, &node, &count));
  require(info.errorNode == node, "which is named");
  cudaKernelNodeParams parameters = {};
  require(cudaGraphKernelNodeGetParams(node, &parameters) == cudaErrorInvalidValue &&
              cudaGraphExecKernelNodeSetParams(exec, node, &parameters) == cudaErrorInvalidValue,
          "and is no kernel");
  cudaGetLastError();
  check(updated(graph));
  check(cudaGraphLaunch(exec, stream));
  check(cudaStreamSynchronize(stream));
  check(cudaGraphExecDestroy(exec));
  require(cudaGraphLaunch(exec, stream) == cudaErrorInvalidValue, "a graph that is gone");
  cudaGetLastError();
  for (cudaGraph_t one : {graph, other, memset}) check(cudaGraphDestroy(one));
  check(cudaStreamDestroy(stream));
  require(take(data, 64)[1] == 1, "what was refused changed nothing");
}

// Two branches, a function of the host between them and the end.
void forked() {
  static int seen = 0;
  int *data = device<int>(128), *host = nullptr;
  cudaStream_t stream, side;
  cudaEvent_t forked, joined;
  for (cudaStream_t* one : {&stream, &side}) check(cudaStreamCreate(one));
  for (cudaEvent_t* one : {&forked, &joined}) check(cudaEventCreate(one));
  check(cudaMallocHost(&host, 512));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  check(cudaEventRecord(forked, stream));
  check(cudaStreamWaitEvent(side, forked, 0));
  add<<<1, 64, 0, stream>>>(data, 1);
  add<<<1, 64, 0, side>>>(data + 64, 2);
  check(cudaEventRecord(joined, side));
  check(cudaStreamWaitEvent(stream, joined, 0));
  check(cudaMemcpyAsync(host, data, 512, cudaMemcpyDeviceToHost, stream));
  check(cudaLaunchHostFunc(
      stream, [](void* values) { seen += static_cast<int*>(values)[127]; }, host));
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  check(cudaStreamEndCapture(stream, &graph));
  check(cudaGraphInstantiate(&exec, graph, 0));
  check(cudaGraphDestroy(graph));
  check(cudaGraphUpload(exec, stream));
  for (int i = 0; i < 2; ++i) check(cudaGraphLaunch(exec, i == 0 ? stream : side));
  check(cudaDeviceSynchronize());
  require(host[0] == 2 && host[127] == 4 && seen == 6, "both branches, in order");
  check(cudaGraphExecDestroy(exec));
  for (cudaStream_t one : {stream, side}) check(cudaStreamDestroy(one));
  for (cudaEvent_t one : {forked, joined}) check(cudaEventDestroy(one));
  check(cudaFreeHost(host));
  check(cudaFree(data));
}

cudaKernelNodeParams node_of_add(void** arguments) {
  cudaKernelNodeParams parameters = {};
  parameters.func = reinterpret_cast<void*>(add);
  parameters.gridDim = dim3(1);
  parameters.blockDim = dim3(64);
  parameters.kernelParams = arguments;
  return parameters;
}

void run_once(cudaGraph_t graph) {
  cudaGraphExec_t exec;
  check(cudaGraphInstantiate(&exec, graph, 0));
  check(cudaGraphLaunch(exec, nullptr));
  check(wait());
  check(cudaGraphExecDestroy(exec));
}

// Sets, adds twice, and copies.
void by_hand() {
  int *data = device<int>(64), *to = device<int>(64);
  cudaGraph_t graph;
  check(cudaGraphCreate(&graph, 0));
  cudaGraphNode_t nodes[5];
  cudaMemsetParams set = {};
  set.dst = data;
  set.value = 100;
  set.elementSize = 4;
  set.width = 64;
  set.height = 1;
  check(cudaGraphAddMemsetNode(&nodes[0], graph, nullptr, 0, &set));
  int values[2] = {2, 3};
  for (int i = 0; i < 2; ++i) {
    void* arguments[] = {&data, &values[i]};
    const cudaKernelNodeParams parameters = node_of_add(arguments);
    check(cudaGraphAddKernelNode(&nodes[i + 1], graph, &nodes[i], 1, &parameters));
  }
  check(cudaGraphAddEmptyNode(&nodes[3], graph, &nodes[2], 1));
  check(cudaGraphAddMemcpyNode1D(&nodes[4], graph, &nodes[3], 1, to, data, 256,
                                 cudaMemcpyDeviceToDevice));
  run_once(graph);
  // The second value becomes 30.
  int value = 30;
  void* arguments[] = {&data, &value};
  cudaKernelNodeParams parameters;
  cudaGraphNodeType type;
  check(cudaGraphNodeGetType(nodes[2], &type));
  check(cudaGraphKernelNodeGetParams(nodes[2], &parameters));
  require(type == cudaGraphNodeTypeKernel && parameters.blockDim.x == 64 &&
              *static_cast<int*>(parameters.kernelParams[1]) == 3,
          "the parameters of a node");
  parameters.kernelParams = arguments;
  check(cudaGraphKernelNodeSetParams(nodes[2], &parameters));
  std::vector<int> before(64);
  check(cudaMemcpy(before.data(), to, 256, cudaMemcpyDeviceToHost));
  run_once(graph);
  check(cudaGraphDestroy(graph));
  check(cudaFree(data));
  require(before[1] == 105 && take(to, 64)[1] == 132, "nodes");
}

// Memory that a graph allocates, uses and frees.
void memory_nodes() {
  int* result = device<int>(64);
  cudaGraph_t graph;
  check(cudaGraphCreate(&graph, 0));
  cudaGraphNode_t nodes[5];
  cudaMemAllocNodeParams allocation = {};
  allocation.poolProps.allocType = cudaMemAllocationTypePinned;
  allocation.poolProps.location.type = cudaMemLocationTypeDevice;
  allocation.bytesize = 256;
  check(cudaGraphAddMemAllocNode(&nodes[0], graph, nullptr, 0, &allocation));
  cudaMemsetParams set = {};
  set.dst = allocation.dptr;
  set.elementSize = 1;
  set.width = 256;
  set.height = 1;
  check(cudaGraphAddMemsetNode(&nodes[1], graph, &nodes[0], 1, &set));
  int value = 9;
  void* arguments[] = {&allocation.dptr, &value};
  const cudaKernelNodeParams parameters = node_of_add(arguments);
  check(cudaGraphAddKernelNode(&nodes[2], graph, &nodes[1], 1, &parameters));
  check(cudaGraphAddMemcpyNode1D(&nodes[3], graph, &nodes[2], 1, result, allocation.dptr, 256,
                                 cudaMemcpyDeviceToDevice));
  check(cudaGraphAddMemFreeNode(&nodes[4], graph, &nodes[3], 1, allocation.dptr));
  for (int i = 0; i < 2; ++i) run_once(graph);
  check(cudaGraphDestroy(graph));
  require(take(result, 64)[63] == 9, "memory of a graph");
  // The same, captured.
  cudaStream_t stream;
  check(cudaStreamCreate(&stream));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  int* data = nullptr;
  check(cudaMallocAsync(&data, 256, stream));
  check(cudaMemsetAsync(data, 0, 256, stream));
  add<<<1, 64, 0, stream>>>(data, 1);
  check(cudaFreeAsync(data, stream));
  check(cudaStreamEndCapture(stream, &graph));
  run_once(graph);
  check(cudaGraphDestroy(graph));
  check(cudaStreamDestroy(stream));
}

// Memory that a graph leaves allocated is freed outside it, or by the next launch.
void memory_outlives() {
  cudaStream_t stream;
  check(cudaStreamCreate(&stream));
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  int *data = nullptr, host[64] = {};
  check(cudaMallocAsync(&data, 256, stream));
  check(cudaMemsetAsync(data, 0, 256, stream));
  add<<<1, 64, 0, stream>>>(data, 5);
  cudaGraph_t graph;
  cudaGraphExec_t exec, freeing;
  check(cudaStreamEndCapture(stream, &graph));
  check(cudaGraphInstantiate(&exec, graph, 0));
  for (const bool async : {false, true}) {
    check(cudaGraphLaunch(exec, stream));
    check(cudaMemcpyAsync(host, data, 256, cudaMemcpyDeviceToHost, stream));
    check(cudaStreamSynchronize(stream));
    require(host[9] == 5, "memory of a graph");
    require(cudaGraphLaunch(exec, stream) == cudaErrorInvalidValue, "it is still allocated");
    cudaGetLastError();
    check(async ? cudaFreeAsync(data, stream) : cudaFree(data));
  }
  check(cudaStreamSynchronize(stream));
  check(cudaGraphExecDestroy(exec));
  check(cudaGraphInstantiate(&freeing, graph, cudaGraphInstantiateFlagAutoFreeOnLaunch));
  for (int i = 0; i < 3; ++i) check(cudaGraphLaunch(freeing, stream));
  check(cudaFreeAsync(data, stream));
  check(cudaStreamSynchronize(stream));
  check(cudaGraphExecDestroy(freeing));
  check(cudaGraphDestroy(graph));
  check(cudaStreamDestroy(stream));
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"captured_work", captured_work},
                   {"captured_launch", captured_launch},
                   {"updates", updates},
                   {"refused_updates", refused_updates},
                   {"by_hand", by_hand},
                   {"forked", forked},
                   {"memory_nodes", memory_nodes},
                   {"memory_outlives", memory_outlives}});
}
